// A scripted HTTP server: stands for a replica or the management server in the gateway's tests.

import NIOCore
import NIOHTTP1
import NIOPosix
import SlipwayCore
import SlipwayGateway
import Synchronization

/// A request as the backend got it; the body is empty when the script runs at the head.
struct BackendRequest: Sendable {
    var head: HTTPRequestHead
    var body: ByteBuffer
}

/// One request's way to answer; usable from any thread.
final class Responder: Sendable {
    private let channel: any Channel
    init(channel: any Channel) { self.channel = channel }

    var isConnected: Bool { channel.isActive }
    /// False once the peer does not read and all buffers in between are full.
    var isWritable: Bool { channel.isWritable }

    func head(_ status: HTTPResponseStatus = .ok, _ headers: HTTPHeaders = [:]) {
        write(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers)))
    }
    func chunk(_ text: String) { chunk(ByteBuffer(string: text)) }
    func chunk(_ bytes: ByteBuffer) { write(.body(.byteBuffer(bytes))) }
    /// `written` runs once the socket has taken the chunk.
    func chunk(_ bytes: ByteBuffer, written: @escaping @Sendable () -> Void) {
        channel.writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(bytes))).whenSuccess(written)
    }
    func end() { write(.end(nil)) }
    func respond(_ status: HTTPResponseStatus = .ok, _ headers: HTTPHeaders = [:], body: ByteBuffer) {
        var headers = headers
        headers.replaceOrAdd(name: "Content-Length", value: "\(body.readableBytes)")
        head(status, headers)
        chunk(body)
        end()
    }
    func respond(_ text: String) { respond(body: ByteBuffer(string: text)) }
    func disconnect() { channel.close(promise: nil) }
    func setReading(_ on: Bool) { _ = channel.setOption(.autoRead, value: on) }

    private func write(_ part: HTTPServerResponsePart) { channel.writeAndFlush(part, promise: nil) }
}

/// What a backend has seen so far.
final class Sightings: Sendable {
    private struct Values {
        var requests: [BackendRequest] = []
        var connections = 0
        var open = 0
        var bodyBytes = 0
    }
    private let values = Mutex(Values())

    func opened() { values.withLock { ($0.connections, $0.open) = ($0.connections + 1, $0.open + 1) } }
    func closed() { values.withLock { $0.open -= 1 } }
    func received(_ count: Int) { values.withLock { $0.bodyBytes += count } }
    func received(_ request: BackendRequest) { values.withLock { $0.requests.append(request) } }

    var requests: [BackendRequest] { values.withLock { $0.requests } }
    var connections: Int { values.withLock { $0.connections } }
    var openConnections: Int { values.withLock { $0.open } }
    var bodyBytes: Int { values.withLock { $0.bodyBytes } }
}

struct Backend: Sendable {
    typealias Script = @Sendable (BackendRequest, Responder) -> Void

    enum Moment: Sendable { case atHead, atEnd }

    let channel: any Channel
    let sightings: Sightings

    var port: Int { channel.localAddress?.port ?? 0 }
    func route(_ id: String) -> ReplicaRoute {
        ReplicaRoute(
            replicaID: ReplicaID(id), endpoint: ReplicaEndpoint(host: "127.0.0.1", port: port))
    }
    func stop() async throws { try await channel.close() }

    /// Listens on a free port of 127.0.0.1, or on a Unix domain socket; `script` runs for every request.
    static func start(
        on group: any EventLoopGroup, socketPath: String? = nil, runs moment: Moment = .atEnd,
        script: @escaping Script
    ) async throws -> Backend {
        let sightings = Sightings()
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 256)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(
                        BackendHandler(sightings: sightings, moment: moment, script: script))
                }
            }
        let channel =
            if let socketPath {
                try await bootstrap.bind(unixDomainSocketPath: socketPath).get()
            } else {
                try await bootstrap.bind(host: "127.0.0.1", port: 0).get()
            }
        return Backend(channel: channel, sightings: sightings)
    }

    /// Answers with the request's body and content type.
    static func echo(_ request: BackendRequest, _ responder: Responder) {
        let type = request.head.headers.first(name: "content-type") ?? "text/plain"
        responder.respond(.ok, ["Content-Type": type], body: request.body)
    }
}

private final class BackendHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let sightings: Sightings
    private let moment: Backend.Moment
    private let script: Backend.Script
    private var request: BackendRequest?

    init(sightings: Sightings, moment: Backend.Moment, script: @escaping Backend.Script) {
        self.sightings = sightings
        self.moment = moment
        self.script = script
    }

    func channelActive(context: ChannelHandlerContext) { sightings.opened() }
    func channelInactive(context: ChannelHandlerContext) { sightings.closed() }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            let begun = BackendRequest(head: head, body: ByteBuffer())
            request = begun
            if moment == .atHead { run(begun, context) }
        case .body(var chunk):
            sightings.received(chunk.readableBytes)
            if moment == .atEnd { request?.body.writeBuffer(&chunk) }
        case .end:
            if moment == .atEnd, let request { run(request, context) }
            request = nil
        }
    }

    private func run(_ request: BackendRequest, _ context: ChannelHandlerContext) {
        sightings.received(request)
        script(request, Responder(channel: context.channel))
    }
}
