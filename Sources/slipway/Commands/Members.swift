// `slipway members add`: lets another person in. Works on the data directory, beside a running server.

import ArgumentParser
import Foundation
import SlipwayControl
import SlipwayCore
import SlipwayStore

struct Members: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Add people to the workspace.", subcommands: [Add.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a person and print their API key, once.")

        @Argument(help: "Mail address.") var email: String
        @Option(help: "Full name.") var name = ""
        @Flag(help: "Makes them an admin: they may restrict environments and manage restricted ones.")
        var admin = false
        @Option(help: "Data directory of the server.") var dataDir = Settings.defaultDataDirectory

        func run() async throws {
            let database = dataDir + "/slipway.sqlite"
            guard FileManager.default.fileExists(atPath: database) else {
                throw ValidationError("There is no data of a server in \(dataDir).")
            }
            let store = try Store(path: database)
            defer { try? store.close() }
            do {
                print(
                    try await Membership.add(
                        email: email, name: name, role: admin ? .admin : .member, to: store,
                        now: Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1e6))))
            } catch let error as ControlError {
                throw ValidationError(error.message)
            }
        }
    }
}
