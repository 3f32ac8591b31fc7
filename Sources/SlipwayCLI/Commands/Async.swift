// `slipway async`: requests that `slipway predict --async` queued.

import ArgumentParser
import SlipwayAPI

struct Async: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show, fetch and cancel asynchronous requests.",
        subcommands: [Get.self, Output.self, Cancel.self, Queue.self])

    struct Request: ParsableArguments {
        @Argument(help: "Name or id of the model.") var model: String
        @Argument(help: "Id of the request.") var request: String

        func call(_ method: String, _ options: ClientOptions, at suffix: String = "") async throws
            -> JSONValue
        {
            let resolver = try options.resolver()
            let model = try await resolver.model(model)
            return try await resolver.server.document(
                method, path("model", model.id, "async_request", request) + suffix)
        }
    }

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show how far a request is.")
        @OptionGroup var request: Request
        @OptionGroup var options: ClientOptions

        func run() async throws { try options.printer.one(await request.call("GET", options)) }
    }

    struct Output: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show what a request came to.")
        @OptionGroup var request: Request
        @OptionGroup var options: ClientOptions

        func run() async throws { try options.printer.one(await request.call("GET", options, at: "/output")) }
    }

    struct Cancel: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Cancel a request that is still queued.")
        @OptionGroup var request: Request
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let answer = try await request.call("DELETE", options)
            guard answer["canceled"].isTrue else { throw CommandFailure(answer["message"].text) }
            try options.printer.done(answer["message"].text, answer)
        }
    }

    struct Queue: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show how many requests wait and run.")
        @OptionGroup var arguments: DeploymentArguments
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let resolver = try options.resolver()
            let (model, deployment) = try await arguments.find(resolver)
            try options.printer.one(
                await resolver.server.document(
                    "GET", path("model", model.id, "deployment", deployment.id, "async_queue_status")))
        }
    }
}
