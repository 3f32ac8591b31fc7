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

    /// Ends the process because of an error of these commands, if it is one.
    public static func exit(with error: any Error) {
        guard let failure = error as? CommandFailure else { return }
        let terminal = Terminal.current
        let label = terminal.errorIsTerminal ? Colour.red.paint("Error:", on: terminal) : "Error:"
        tell("\(label) \(failure.description.printable(lines: true))")
        Foundation.exit(failure.code.rawValue)
    }
}
