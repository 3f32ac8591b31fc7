// `slipway deployments`: the deployments of a model.

import ArgumentParser
import SlipwayAPI

struct Deployments: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List, show and steer the deployments of a model.",
        subcommands: [
            List.self, Get.self, ShowConfig.self, Scale.self, Decisions.self, Activate.self, Deactivate.self,
            Retry.self, Rename.self, Download.self, Delete.self,
        ], defaultSubcommand: List.self)

    static let columns: [Column] = [
        Column("NAME", "name"), Column("ID", "id"), .status("STATUS", "status"),
        Column("REPLICAS", "active_replica_count"), Column("ENVIRONMENT", "environment"),
        Column("INSTANCE TYPE", "instance_type_name"), .date("CREATED", "created_at"),
        Column("REASON", "status_reason"),
    ]

    static func path(_ model: Named, _ deployment: Named, _ verb: String? = nil) -> String {
        SlipwayCLI.path("v1", "models", model.id, "deployments", deployment.id)
            + (verb.map { SlipwayCLI.path($0) } ?? "")
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the deployments of a model.")
        @OptionGroup var argument: ModelArgument
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let resolver = try options.resolver()
            let model = try await resolver.model(argument.model)
            let document = try await resolver.server.document(
                "GET", SlipwayCLI.path("v1", "models", model.id, "deployments"))
            try options.printer.list(document, items: "deployments", columns: columns)
        }
    }

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show a deployment.")
        @OptionGroup var arguments: DeploymentArguments
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let resolver = try options.resolver()
            let (model, deployment) = try await arguments.find(resolver)
            try options.printer.one(
                await resolver.server.document("GET", Deployments.path(model, deployment)))
        }
    }

    struct ShowConfig: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "config", abstract: "Show the config.yaml of a deployment as it was pushed.")
        @OptionGroup var arguments: DeploymentArguments
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let resolver = try options.resolver()
            let (model, deployment) = try await arguments.find(resolver)
            let document = try await resolver.server.document(
                "GET", Deployments.path(model, deployment, "config") + query(["output_format": "both"]))
            guard options.output.output == .table, let raw = document["raw_config"].string else {
                return try options.printer.one(document)
            }
            put(StandardStream.output.safe(raw, lines: true) + "\n")
        }
    }

    struct Decisions: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show why the number of replicas changed, newest first.")
        @OptionGroup var arguments: DeploymentArguments
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let resolver = try options.resolver()
            let (model, deployment) = try await arguments.find(resolver)
            let document = try await resolver.server.document(
                "GET", Deployments.path(model, deployment, "scaling_decisions"))
            try options.printer.list(
                document, items: "decisions",
                columns: [
                    .date("AT", "decided_at"), Column("FROM", "from_replicas"), Column("TO", "to_replicas"),
                    Column("REASON", "reason"),
                ])
        }
    }

    struct Download: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print an address from which the pushed archive can be fetched for a while.")
        @OptionGroup var arguments: DeploymentArguments
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let resolver = try options.resolver()
            let (model, deployment) = try await arguments.find(resolver)
            let document = try await resolver.server.document(
                "GET", Deployments.path(model, deployment, "download"))
            try options.printer.done(document["download_url"].text, document)
        }
    }
}
