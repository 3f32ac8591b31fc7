// `slipway members`: who may use the server, and letting another person in.

import ArgumentParser
import Foundation
import SlipwayAPI

struct Members: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List and add people of the workspace.",
        subcommands: [List.self, Get.self, Add.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the people.")
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let document = try await options.connect().all("/v1/users", items: "items")
            try options.printer.list(
                document, items: "items",
                columns: [Column("EMAIL", "email"), Column("NAME", "name"), Column("ID", "user_id")])
        }
    }

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a person; without one, whose key is used.")
        @Argument(help: "Mail address or id.") var person: String?
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let resolver = try options.resolver()
            let id = if let person { try await resolver.user(person).id } else { "me" }
            try options.printer.one(await resolver.server.document("GET", path("v1", "users", id)))
        }
    }

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
        @OptionGroup var output: OutputOptions

        func validate() throws {
            if dataDir != nil, remote.remote != nil {
                throw ValidationError("--data-dir and --remote each name a server; give one of the two.")
            }
        }

        func run() async throws {
            let server =
                try dataDir.map { try remote.connect(toServerOf: LocalServer.absolute($0)) }
                ?? remote.connect()
            let made = try await server.document(
                "POST", "/v1/users",
                body: CreateUserRequestV1(email: email, name: name, role: admin ? .admin : .member))
            try output.printer.done(made["api_key"].text, made)
        }
    }
}
