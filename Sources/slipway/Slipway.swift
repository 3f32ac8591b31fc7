// The entry point: `slipway COMMAND`.

import ArgumentParser

@main
struct Slipway: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slipway",
        abstract: "Takes machine-learning models from a push to production on your own machines.",
        discussion: """
            `slipway serve` runs the whole platform; the other commands talk to a running one, like the \
            official truss and baseten clients do.
            """,
        version: Version.text,
        subcommands: [
            Serve.self, Push.self, Promote.self, Logs.self, Members.self, Doctor.self, Backup.self,
            Restore.self,
        ])
}

enum Version {
    static let text = "0.1.0"
}
