// `slipway members add`: lets another person in, through the API of the running server.

import ArgumentParser
import Foundation
import SlipwayAPI

struct Members: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Add people to the workspace.", subcommands: [Add.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a person and print their API key, once.",
            discussion: "The server must run, and the key that is used must be an admin's.")

        @Argument(help: "Mail address.") var email: String
        @Option(help: "Full name.") var name = ""
        @Flag(
            help:
                "Makes them an admin: they may manage restricted environments, add people and delete any key."
        )
        var admin = false
        @Option(
            help: "Data directory of a server on this machine, to be reached without its URL.") var dataDir:
            String?
        @OptionGroup var remote: RemoteOptions

        func validate() throws {
            if dataDir != nil, remote.remote != nil {
                throw ValidationError("--data-dir and --remote each name a server; give one of the two.")
            }
        }

        func run() async throws {
            let server =
                try dataDir.map { try remote.connect(toServerOf: DataDirectory.absolute($0)) }
                ?? remote.connect()
            do {
                let made = try await server.call(
                    "POST", "/v1/users",
                    body: CreateUserRequestV1(email: email, name: name, role: admin ? .admin : .member),
                    as: CreatedUserV1.self)
                print(made.apiKey)
            } catch let error as RemoteError {
                throw ValidationError(error.description)
            }
        }
    }
}
