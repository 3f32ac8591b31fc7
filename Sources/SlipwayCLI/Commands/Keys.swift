// `slipway keys`: API keys, which are shown once, when they are made.

import ArgumentParser
import SlipwayAPI

struct Keys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List, make and delete API keys.",
        subcommands: [List.self, Create.self, Delete.self], defaultSubcommand: List.self)

    enum Kind: String, ExpressibleByArgument, CaseIterable {
        case personal
        case manage
        case invoke
        case metrics
        case keys

        var category: APIKeyCategoryV1 {
            switch self {
            case .personal: .personal
            case .manage: .workspaceManageAll
            case .invoke: .workspaceInvoke
            case .metrics: .workspaceExportMetrics
            case .keys: .workspaceManageAPIKeys
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the API keys by their prefix.")
        @OptionGroup var options: ClientOptions

        func run() async throws {
            try options.printer.list(
                await options.connect().document("GET", "/v1/api_keys"), items: "keys",
                columns: [
                    Column("PREFIX", "prefix"), Column("NAME", "name"), Column("TYPE", "type"),
                    Column("MODELS", "model_ids"), Column("TEAM", "team_name"),
                    .date("CREATED", "created_at"),
                ])
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make an API key and print it, once.")
        @Argument(help: "Name of the key.") var name: String?
        @Option(help: "What it may do: personal, manage, invoke, metrics or keys.") var type: Kind = .personal
        @Option(name: .customLong("model"), help: "Only for this model; may be given several times.")
        var models: [String] = []
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let resolver = try options.resolver()
            var body: JSONValue = ["type": .string(type.category.rawValue)]
            if let name { body = body.replacing("name", with: .string(name)) }
            var ids: [JSONValue] = []
            for model in models { ids.append(.string(try await resolver.model(model).id)) }
            if !ids.isEmpty { body = body.replacing("model_ids", with: .array(ids)) }
            let made = try await resolver.server.document("POST", "/v1/api_keys", body: body)
            try options.printer.done(made["api_key"].text, made)
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete an API key; it stops working at once.")
        @Argument(help: "Prefix or name of the key.") var key: String
        @OptionGroup var confirmation: ConfirmationOptions
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let server = try options.connect()
            let all = try await server.document("GET", "/v1/api_keys")["keys"].elements
                .map { Named($0, id: "prefix", name: "name", detail: "type") }
            let found = try Choice.pick(key, kind: "key", among: all)
            let name = found.name.isEmpty ? "" : " (\(found.name))"
            try confirmation.confirm("Delete the key \(found.id)\(name)?")
            let gone = try await server.document("DELETE", path("v1", "api_keys", found.id))
            try options.printer.done("key \(found.id) is deleted", gone)
        }
    }
}
