// The commands that talk to a server.

import ArgumentParser
import Foundation

public enum ClientCommands {
    /// In the order of the help.
    public static let all: [any ParsableCommand.Type] = [
        Init.self, Push.self, Watch.self, Promote.self, Predict.self, Logs.self, Open.self,
        Models.self, Deployments.self, Environments.self, Promotions.self, Replicas.self,
        Metrics.self, Async.self, Secrets.self, Keys.self, Members.self, Groups.self, Audit.self,
        InstanceTypes.self, Login.self, Config.self,
    ]

    /// Ends the process because of an error, or with the help that was asked for.
    /// - Parameter root: the command whose arguments were parsed.
    public static func exit<Root: ParsableCommand>(with error: any Error, of root: Root.Type) -> Never {
        if let failure = error as? CommandFailure ?? CommandFailure(file: error) { exit(failure) }
        let code = root.exitCode(for: error)
        let text = root.fullMessage(for: error)
        // ArgumentParser would print it itself, and names of files and arguments in it as they are.
        if !text.isEmpty { code.isSuccess ? put(text + "\n") : tell(text) }
        Foundation.exit(code.rawValue)
    }

    private static func exit(_ failure: CommandFailure) -> Never {
        let terminal = Terminal.current
        let label = terminal.errorIsTerminal ? Colour.red.paint("Error:", on: terminal) : "Error:"
        StandardStream.error.write(
            Array("\(label) \(failure.description.printable(lines: true))\n".utf8))
        Foundation.exit(failure.code.rawValue)
    }
}
