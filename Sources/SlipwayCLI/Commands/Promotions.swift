// `slipway promotions`: what was promoted to an environment, and steering what is under way.

import ArgumentParser
import SlipwayAPI

struct Promotions: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the promotions to an environment and steer the running one.",
        subcommands: [List.self, Get.self, Pause.self, Resume.self, Cancel.self, Force.self],
        defaultSubcommand: List.self)

    struct Arguments: ParsableArguments {
        @Argument(help: "Name or id of the model.") var model: String
        @Argument(help: "Name of the environment.") var environment = "production"

        func signal(
            _ verb: String, _ options: ClientOptions, done: String, ask: (String) throws -> Void = { _ in }
        ) async throws {
            let (server, model, environment, place) = try await find(options)
            let name = "the promotion to \(environment.name) of \(model.name)"
            try ask(name)
            let answer = try await server.document("POST", place + path(verb))
            try options.printer.done(answer[path: "message"]?.text ?? "\(name) is \(done)", answer)
        }

        func find(_ options: ClientOptions) async throws -> (Remote, Named, Named, String) {
            let resolver = try options.resolver()
            let model = try await resolver.model(model)
            let environment = try await resolver.environment(environment, of: model)
            let place = path("v1", "models", model.id, "environments", environment.name)
            return (resolver.server, model, environment, place)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the promotions to an environment, newest first.")
        @OptionGroup var arguments: Arguments
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let (server, _, _, place) = try await arguments.find(options)
            try options.printer.list(
                await server.document("GET", place + "/promotions"), items: "promotions",
                columns: [
                    Column("ID", "id"), .status("STATUS", "status"),
                    Column("CANDIDATE", "candidate_deployment_id"),
                    Column("PREVIOUS", "previous_deployment_id"),
                    Column("TRAFFIC %", "percent_traffic_to_new_version"), .date("BEGAN", "created_at"),
                    .date("ENDED", "ended_at"),
                    Column("NOTE") { Table.Cell($0[path: "error_message"]?.text ?? $0["note"].text) },
                ])
        }
    }

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a promotion; the newest without an id.")
        @OptionGroup var arguments: Arguments
        @Option(help: "Id of the promotion.") var id: String?
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let (server, model, environment, place) = try await arguments.find(options)
            let all = try await server.document("GET", place + "/promotions")["promotions"].elements
            guard let found = all.first(where: { id == nil || $0["id"].string == id }) else {
                throw CommandFailure(
                    id.map { "There is no promotion \($0) to \(environment.name) of \(model.name)." }
                        ?? "Nothing was promoted to \(environment.name) of \(model.name).", code: .notFound)
            }
            try options.printer.one(found)
        }
    }

    struct Pause: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Pause the running promotion.")
        @OptionGroup var arguments: Arguments
        @OptionGroup var options: ClientOptions

        func run() async throws { try await arguments.signal("pause_promotion", options, done: "paused") }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let a paused promotion go on.")
        @OptionGroup var arguments: Arguments
        @OptionGroup var options: ClientOptions

        func run() async throws { try await arguments.signal("resume_promotion", options, done: "resumed") }
    }

    struct Cancel: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Cancel the running promotion: traffic goes back to what served before.")
        @OptionGroup var arguments: Arguments
        @Flag(help: "At once, instead of step by step.") var force = false
        @OptionGroup var confirmation: ConfirmationOptions
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let verb = force ? "force_cancel_promotion" : "cancel_promotion"
            try await arguments.signal(verb, options, done: "cancelled") {
                try confirmation.confirm("Cancel \($0)?")
            }
        }
    }

    struct Force: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Bring the running promotion to its end at once: all traffic goes to the candidate.")
        @OptionGroup var arguments: Arguments
        @OptionGroup var confirmation: ConfirmationOptions
        @OptionGroup var options: ClientOptions

        func run() async throws {
            try await arguments.signal("force_roll_forward_promotion", options, done: "rolled forward") {
                try confirmation.confirm("Bring \($0) to its end at once?")
            }
        }
    }
}
