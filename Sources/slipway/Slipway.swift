// The entry point: `slipway COMMAND`.

import ArgumentParser
import SlipwayCLI

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
        subcommands: [Serve.self] + ClientCommands.all + [
            Doctor.self, Backup.self, Restore.self, Completion.self,
        ])

    static func main() async {
        StandardStream.fillClosed()
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            ClientCommands.exit(with: error, of: Slipway.self)
        }
    }
}

enum Version {
    static let text = "0.1.0"
}
