// `slipway environments`: the environments of a model.

import ArgumentParser
import SlipwayAPI

struct Environments: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List, show, make and change the environments of a model.",
        subcommands: [
            List.self, Get.self, Create.self, Update.self, Activate.self, Deactivate.self, Delete.self,
        ], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the environments of a model.")
        @OptionGroup var argument: ModelArgument
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let resolver = try options.resolver()
            let model = try await resolver.model(argument.model)
            let document = try await resolver.server.document(
                "GET", path("v1", "models", model.id, "environments"))
            try options.printer.list(
                document, items: "environments",
                columns: [
                    Column("NAME", "name"), Column("SERVES", "current_deployment.name"),
                    .status("STATUS", "current_deployment.status"),
                    Column("CANDIDATE", "candidate_deployment.name"),
                    .status("PROMOTION", "in_progress_promotion.status"),
                    Column("INSTANCE TYPE", "instance_type.name"), .date("CREATED", "created_at"),
                ])
        }
    }

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show an environment.")
        @OptionGroup var arguments: EnvironmentArguments
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let (server, _, _, place) = try await arguments.find(options)
            try options.printer.one(await server.document("GET", place))
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make an environment.")
        @OptionGroup var arguments: EnvironmentArguments
        @OptionGroup var settings: EnvironmentSettings
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let resolver = try options.resolver()
            let model = try await resolver.model(arguments.model)
            let body = try settings.body().replacing("name", with: .string(arguments.environment))
            let made = try await resolver.server.document(
                "POST", path("v1", "models", model.id, "environments"), body: body)
            try options.printer.done(
                "environment \(arguments.environment) of \(model.name) is made", made)
        }
    }

    struct Update: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change the settings of an environment.",
            discussion: """
                --settings takes the API's own document, such as '{"promotion_settings": {"rolling_deploy": true}}'.
                """)
        @OptionGroup var arguments: EnvironmentArguments
        @OptionGroup var settings: EnvironmentSettings
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let body = try settings.body()
            guard body != .object([:]) else {
                throw ValidationError("Say what to change, such as --max-replica 2, or give --settings.")
            }
            let (server, model, environment, place) = try await arguments.find(options)
            let answer = try await server.document("PATCH", place, body: body)
            try options.printer.done("environment \(environment.name) of \(model.name) is changed", answer)
        }
    }

    struct Activate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Start what serves an environment.")
        @OptionGroup var arguments: EnvironmentArguments
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let (server, model, environment, place) = try await arguments.find(options)
            let answer = try await server.document("POST", place + "/activate")
            try options.printer.done("\(environment.name) of \(model.name) is being started", answer)
        }
    }

    struct Deactivate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Stop what serves an environment.")
        @OptionGroup var arguments: EnvironmentArguments
        @OptionGroup var confirmation: ConfirmationOptions
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let (server, model, environment, place) = try await arguments.find(options)
            try confirmation.confirm("Stop what serves \(environment.name) of \(model.name)?")
            let answer = try await server.document("POST", place + "/deactivate")
            try options.printer.done("\(environment.name) of \(model.name) is being stopped", answer)
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Delete an environment.")
        @OptionGroup var arguments: EnvironmentArguments
        @OptionGroup var confirmation: ConfirmationOptions
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let (server, model, environment, place) = try await arguments.find(options)
            try confirmation.confirm("Delete the environment \(environment.name) of \(model.name)?")
            let gone = try await server.document("DELETE", place)
            try options.printer.done("environment \(environment.name) of \(model.name) is deleted", gone)
        }
    }
}
