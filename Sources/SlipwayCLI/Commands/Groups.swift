// `slipway groups`: who may promote into environments of a name.

import ArgumentParser
import SlipwayAPI

struct Groups: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show and change who may promote into an environment, in every model.",
        subcommands: [List.self, Get.self, Restrict.self, Open.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the names of environments and who may manage them.")
        @OptionGroup var options: ClientOptions

        func run() async throws {
            try options.printer.list(
                await options.connect().document("GET", "/v1/environment_groups"), items: "items",
                columns: [
                    Column("NAME", "name"), Column("TEAM", "team_name"),
                    Column("RESTRICTED", "manage_access.is_restricted"),
                    Column("USERS") { group in
                        let users = group["manage_access"]["users"].elements
                        return Table.Cell(JSONValue.array(users.map { $0["email"] }).text)
                    },
                ])
        }
    }

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show who may manage an environment.")
        @Argument(help: "Name of the environment.") var name: String
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let server = try options.connect()
            try options.printer.one(await server.document("GET", path("v1", "environment_groups", name)))
        }
    }

    struct Restrict: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let only admins and some users manage an environment.")
        @Argument(help: "Name of the environment.") var name: String
        @Option(name: .customLong("user"), help: "Mail address or id; may be given several times.")
        var users: [String] = []
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let resolver = try options.resolver()
            var ids: [JSONValue] = []
            for user in users { ids.append(.string(try await resolver.user(user).id)) }
            try await change(name, ["is_restricted": true, "user_ids": .array(ids)], options)
        }
    }

    struct Open: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let everyone manage an environment.")
        @Argument(help: "Name of the environment.") var name: String
        @OptionGroup var options: ClientOptions

        func run() async throws { try await change(name, ["is_restricted": false], options) }
    }

    private static func change(_ name: String, _ access: JSONValue, _ options: ClientOptions) async throws {
        let changed = try await options.connect().document(
            "PATCH", path("v1", "environment_groups", name), body: ["manage_access": access] as JSONValue)
        let isRestricted = access["is_restricted"].isTrue
        try options.printer.done("\(name) is \(isRestricted ? "restricted" : "open to everyone")", changed)
    }
}
