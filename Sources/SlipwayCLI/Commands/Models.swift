// `slipway models`: what there is, by name.

import ArgumentParser
import SlipwayAPI

struct Models: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List, show, rename and delete models.",
        subcommands: [List.self, Get.self, Rename.self, Delete.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the models.")
        @Option(help: "Only models of this name.") var name: String?
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let filter = name.map { "&" + query(["name": $0]).dropFirst() } ?? ""
            let document = try await options.connect().all("/v1/models", items: "models", filters: filter)
            try options.printer.list(
                document, items: "models",
                columns: [
                    Column("NAME", "name"), Column("ID", "id"), Column("TEAM", "team_name"),
                    Column("DEPLOYMENTS", "deployments_count"),
                    Column("PRODUCTION", "production_deployment_id"),
                    Column("DEVELOPMENT", "development_deployment_id"), .date("CREATED", "created_at"),
                ])
        }
    }

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show a model.")
        @OptionGroup var argument: ModelArgument
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let resolver = try options.resolver()
            let model = try await resolver.model(argument.model)
            try options.printer.one(
                await resolver.server.document("GET", path("v1", "models", model.id)))
        }
    }

    struct Rename: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Rename a model.")
        @OptionGroup var argument: ModelArgument
        @Argument(help: "The new name.") var name: String
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let resolver = try options.resolver()
            let model = try await resolver.model(argument.model)
            let renamed = try await resolver.server.document(
                "PATCH", path("v1", "models", model.id), body: ["name": .string(name)] as JSONValue)
            try options.printer.done("model \(model.id) is called \(name)", renamed)
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete a model with all its deployments.")
        @OptionGroup var argument: ModelArgument
        @OptionGroup var confirmation: ConfirmationOptions
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let resolver = try options.resolver()
            let model = try await resolver.model(argument.model)
            let count = model.document["deployments_count"].text
            try confirmation.confirm(
                "Delete model \(model.name) (\(model.id)) with its deployments (\(count))?")
            let gone = try await resolver.server.document("DELETE", path("v1", "models", model.id))
            try options.printer.done("model \(model.name) (\(model.id)) is deleted", gone)
        }
    }
}
