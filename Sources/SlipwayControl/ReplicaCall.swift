// One HTTP/1.1 exchange with a replica, over a connection of its own: the replica's address may be in another network
// namespace, where no HTTP client can connect by itself.

import NIOCore
import NIOHTTP1
import NIOPosix
import SlipwayCore
import SlipwayGateway
import SlipwaySockets

/// A call to a replica; the answer is collected up to a limit.
public struct ReplicaCall: Sendable {
    public var method: HTTPMethod
    public var path: String
    public var headers: HTTPHeaders
    public var body: ByteBuffer
    /// The largest answer in bytes.
    public var maxAnswer: Int

    public init(
        _ method: HTTPMethod, _ path: String, headers: HTTPHeaders = [:], body: ByteBuffer = ByteBuffer(),
        maxAnswer: Int
    ) {
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
        self.maxAnswer = maxAnswer
    }
}

public struct ReplicaAnswer: Sendable {
    public var status: Int
    public var contentType: String?
    public var body: ByteBuffer

    public init(status: Int, contentType: String? = nil, body: ByteBuffer = ByteBuffer()) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }
}

/// Why there is no answer.
public enum ReplicaCallError: Error, Sendable, Equatable, CustomStringConvertible {
    case timedOut
    case answerTooLarge
    /// Of the answer.
    case headTooLarge
    /// It could not be reached, or the connection ended before the answer did.
    case lost(String)

    public var description: String {
        switch self {
        case .timedOut: "it did not answer in time"
        case .answerTooLarge: "its answer is too large"
        case .headTooLarge: "the head of its answer is too large"
        case .lost(let reason): "it could not be reached: \(reason)"
        }
    }
}

extension ReplicaCall {
    private static let connectTimeout: Duration = .seconds(5)

    /// - Throws: `ReplicaCallError`, or `CancellationError`.
    func send(to endpoint: ReplicaEndpoint, timeout: TimeAmount) async throws -> ReplicaAnswer {
        let deadline = NIODeadline.now() + timeout
        let limit = min(Self.connectTimeout, .nanoseconds(timeout.nanoseconds))
        let file: Int32
        do {
            file = try await Endpoint(endpoint).connect(within: limit)
        } catch let error as SystemError {
            throw ReplicaCallError.lost("\(error)")
        }
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let promise = loop.makePromise(of: ReplicaAnswer.self)
        let channel: any Channel
        do {
            channel = try await ClientBootstrap(group: loop).channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(ReplicaExchange(self, promise: promise))
                }
            }.withConnectedSocket(file).get()
        } catch {
            promise.fail(ReplicaCallError.lost("\(error)"))
            _ = try await promise.futureResult.get()
            throw error
        }
        let late = loop.scheduleTask(deadline: deadline) { promise.fail(ReplicaCallError.timedOut) }
        defer {
            late.cancel()
            channel.close(promise: nil)
        }
        return try await withTaskCancellationHandler {
            try await promise.futureResult.get()
        } onCancel: {
            promise.fail(CancellationError())
        }
    }
}

/// Bound to its channel's event loop.
private final class ReplicaExchange: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let call: ReplicaCall
    private let promise: EventLoopPromise<ReplicaAnswer>
    private var answer: ReplicaAnswer?

    init(_ call: ReplicaCall, promise: EventLoopPromise<ReplicaAnswer>) {
        self.call = call
        self.promise = promise
    }

    func channelActive(context: ChannelHandlerContext) {
        var head = HTTPRequestHead(
            version: .http1_1, method: call.method, uri: call.path, headers: call.headers)
        head.headers.replaceOrAdd(name: "Host", value: "localhost")
        head.headers.replaceOrAdd(name: "Connection", value: "close")
        head.headers.replaceOrAdd(name: "Content-Length", value: "\(call.body.readableBytes)")
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(call.body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            answer = ReplicaAnswer(
                status: Int(head.status.code), contentType: head.headers.first(name: "content-type"))
        case .body(var part):
            let size = (answer?.body.readableBytes ?? 0) + part.readableBytes
            guard size <= call.maxAnswer else { return fail(ReplicaCallError.answerTooLarge, context) }
            answer?.body.writeBuffer(&part)
        case .end:
            if let answer { promise.succeed(answer) }
            context.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        promise.fail(ReplicaCallError.lost("the connection ended"))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let isHead = error as? HTTPParserError == .headerOverflow
        fail(isHead ? ReplicaCallError.headTooLarge : .lost("\(error)"), context)
    }

    private func fail(_ error: any Error, _ context: ChannelHandlerContext) {
        promise.fail(error)
        context.close(promise: nil)
    }
}
