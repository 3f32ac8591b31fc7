// What a page listens to: that something it shows has changed, and no more. The page then asks for itself again, with all
// the rights that are checked there.

import Hummingbird
import NIOCore
import SlipwayControl
import SlipwayCore

enum EventStream {
    /// How often a word is sent, so that both sides notice when the other is gone.
    private static let maxTopics = 20
    private static let pingInterval: Duration = .seconds(15)

    static func add(to router: Router<DashboardContext>, _ desk: Desk) {
        router.get("/events") { request, context in
            guard let (token, session) = try await desk.cookies.found(in: request, desk.control) else {
                return Response(status: .unauthorized)
            }
            // A gateway that leaves knows a stream by this, in this very spelling.
            guard request.headers[.accept]?.contains("text/event-stream") ?? false else {
                return Response(status: .notAcceptable)
            }
            guard let topics = try? topics(FormFields((request.uri.query ?? "").utf8)) else {
                return Response(status: .badRequest)
            }
            guard let watch = desk.control.changes.watch(topics, for: session.formToken) else {
                return Response(status: .serviceUnavailable)
            }
            return Response(
                status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
                body: ResponseBody { writer in
                    try await write(watch, token, desk.control, to: &writer)
                    try await writer.finish(nil)
                })
        }
    }

    private static func topics(_ query: FormFields) throws -> Set<ChangeFeed.Topic> {
        try query.require(only: ["models", "model", "log"])
        var topics: Set<ChangeFeed.Topic> = []
        if query["models"] != nil { topics.insert(.models) }
        for id in query.all("model") { topics.insert(.model(ModelID(id))) }
        for id in query.all("log") { topics.insert(.log(DeploymentID(id))) }
        guard topics.count <= maxTopics else { throw ControlError.validation("These are too many.") }
        return topics
    }

    private enum Word: Sendable { case ping, changed(Set<ChangeFeed.Topic>) }

    /// Until the feed closes, the session ends or the browser is gone.
    private static func write(
        _ watch: ChangeFeed.Watch, _ token: String, _ control: ControlPlane,
        to writer: inout any ResponseBodyWriter
    ) async throws {
        let (words, sink) = AsyncStream.makeStream(of: Word.self, bufferingPolicy: .bufferingNewest(64))
        let changes = Task {
            for await topics in watch { sink.yield(.changed(topics)) }
            sink.finish()
        }
        let pings = Task {
            while !Task.isCancelled {
                try await Task.sleep(for: pingInterval)
                sink.yield(.ping)
            }
        }
        defer {
            changes.cancel()
            pings.cancel()
        }
        try await writer.write(ByteBuffer(string: "retry: 2000\nevent: hello\ndata: 1\n\n"))
        for await word in words {
            switch word {
            case .ping:
                guard try await control.session(token: token) != nil else { return }
                try await writer.write(ByteBuffer(string: ": ping\n\n"))
            case .changed(let topics):
                try await writer.write(ByteBuffer(string: events(topics)))
            }
        }
    }

    private static func events(_ topics: Set<ChangeFeed.Topic>) -> String {
        let isLog = { (topic: ChangeFeed.Topic) in if case .log = topic { true } else { false } }
        var text = ""
        if topics.contains(where: isLog) { text += "event: log\ndata: 1\n\n" }
        if !topics.allSatisfy(isLog) { text += "event: change\ndata: 1\n\n" }
        return text
    }
}
