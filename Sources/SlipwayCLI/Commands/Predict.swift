// `slipway predict MODEL --data …`: calls a model.

import ArgumentParser
import AsyncHTTPClient
import Foundation
import NIOCore
import SlipwayAPI

struct Predict: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Call a model and print its answer.",
        discussion: """
            Production is called unless --env or a deployment says otherwise. An answer that is no success goes to \
            standard error.
            """)

    @OptionGroup var arguments: DeploymentArguments
    @Option(name: .shortAndLong, help: "What the model gets: JSON, @FILE or @- for standard input.")
    var data = "{}"
    @Option(help: "Environment to call.") var env: String?
    @Flag(help: "Print the answer as it comes.") var stream = false
    @Flag(name: .customLong("async"), help: "Only queue the request, and print its id.") var isAsync = false
    @Option(help: "Seconds to wait for the answer.") var timeout = 600
    @OptionGroup var remote: RemoteOptions

    private static let maxAnswer = 1 << 30

    func validate() throws {
        if env != nil, try arguments.parts().deployment != nil {
            throw ValidationError("--env and a deployment each name what to call; give one of the two.")
        }
        if stream, isAsync { throw ValidationError("--async has no answer that --stream could print.") }
        if timeout < 1 { throw ValidationError("--timeout must be 1 or more.") }
    }

    func run() async throws {
        let server = try remote.connect()
        let input = try InputData.read(data)
        let resolver = Resolver(server: server)
        let model = try await resolver.model(arguments.parts().model)
        let place = try await place(of: model, resolver)
        if isAsync { return try await queue(input, place, server) }
        var request = try server.request("POST", place + "/predict")
        request.headers.add(name: "Content-Type", value: "application/json")
        request.body = .bytes(ByteBuffer(bytes: input))
        let response = try await Connections.execute(
            request, timeout: .seconds(Int64(timeout)), place: server.place)
        guard response.status.code < 300 else { throw await Self.refusal(response) }
        try await write(response, of: server.place)
    }

    private func place(of model: Named, _ resolver: Resolver) async throws -> String {
        let base = path("model", model.id)
        if let wanted = try arguments.parts().deployment {
            return base + path("deployment", try await resolver.deployment(wanted, of: model).id)
        }
        guard let env else { return base + "/production" }
        // `development` is no environment, but called like one.
        if env == "development" { return base + "/development" }
        return base + path("environments", try await resolver.environment(env, of: model).name)
    }

    private func queue(_ input: Data, _ place: String, _ server: Remote) async throws {
        guard let value = WireJSON.value(from: [UInt8](input)) else {
            throw ValidationError("--async takes JSON.")
        }
        let answer = try await server.document(
            "POST", place + "/async_predict", body: ["model_input": value] as JSONValue)
        say(answer["request_id"].text)
    }

    private static func refusal(_ response: HTTPClientResponse) async -> CommandFailure {
        let bytes = (try? await response.body.collect(upTo: Remote.maxAnswer)) ?? ByteBuffer()
        return .answered(Int(response.status.code), Remote.message(in: bytes) ?? String(buffer: bytes))
    }

    private func write(_ response: HTTPClientResponse, of place: String) async throws {
        var output = AnswerOutput(terminal: .current)
        do {
            if stream {
                for try await piece in response.body { output.write(piece) }
            } else {
                output.write(try await response.body.collect(upTo: Self.maxAnswer))
            }
        } catch {
            throw CommandFailure(answer: error, place: place)
        }
        output.finish()
    }
}

/// A model's answer on standard output: as it is into a pipe, without what controls a terminal on one.
struct AnswerOutput {
    let terminal: Terminal
    /// Bytes of a character whose rest is in the next piece.
    private var rest: [UInt8] = []
    private var last: Character?

    init(terminal: Terminal) { self.terminal = terminal }

    mutating func write(_ piece: ByteBuffer) {
        guard terminal.outputIsTerminal else {
            return put(bytes: Array(piece.readableBytesView))
        }
        show(text(of: Array(piece.readableBytesView)))
    }

    mutating func finish() {
        guard terminal.outputIsTerminal else { return }
        show(String(decoding: rest, as: UTF8.self))
        if let last, last != "\n" { show("\n") }
    }

    /// The whole characters so far.
    mutating func text(of bytes: [UInt8]) -> String {
        rest += bytes
        let incomplete = Self.incomplete(rest)
        let whole = rest.dropLast(incomplete)
        rest = Array(rest.suffix(incomplete))
        return String(decoding: whole, as: UTF8.self).printable(lines: true)
    }

    /// How many bytes at the end begin a character that is not over.
    private static func incomplete(_ bytes: [UInt8]) -> Int {
        for (index, byte) in bytes.reversed().prefix(3).enumerated() where byte & 0xC0 != 0x80 {
            let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
            return length > index + 1 ? index + 1 : 0
        }
        return 0
    }

    private mutating func show(_ text: String) {
        guard !text.isEmpty else { return }
        last = text.last
        put(text)
    }
}
