// A TCP client that sends the bytes it is given: for requests a proper HTTP client does not make.

import NIOCore
import NIOPosix
import Synchronization
import Testing

final class RawClient: Sendable {
    private let channel: any Channel
    private let inbox: Inbox

    private final class Inbox: Sendable {
        private let bytes = Mutex([UInt8]())
        func append(_ buffer: ByteBuffer) { bytes.withLock { $0 += buffer.readableBytesView } }
        var text: String { bytes.withLock { String(decoding: $0, as: UTF8.self) } }
        var count: Int { bytes.withLock { $0.count } }
    }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let inbox: Inbox
        init(_ inbox: Inbox) { self.inbox = inbox }
        func channelRead(context: ChannelHandlerContext, data: NIOAny) { inbox.append(unwrapInboundIn(data)) }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    private init(channel: any Channel, inbox: Inbox) {
        self.channel = channel
        self.inbox = inbox
    }

    /// - Parameter halfCloses: whether the end of one direction leaves the other open.
    static func connect(
        _ world: World, port: Int? = nil, autoRead: Bool = true, halfCloses: Bool = false
    ) async throws -> RawClient {
        let inbox = Inbox()
        let channel = try await ClientBootstrap(group: world.group)
            .channelOption(.autoRead, value: autoRead)
            .channelOption(.allowRemoteHalfClosure, value: halfCloses)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Collector(inbox))
                }
            }
            .connect(host: "127.0.0.1", port: port ?? world.port).get()
        return RawClient(channel: channel, inbox: inbox)
    }

    /// All that has come so far.
    var received: String { inbox.text }
    var receivedBytes: Int { inbox.count }
    var isConnected: Bool { channel.isActive }
    var isWritable: Bool { channel.isWritable }

    func send(_ text: String) { channel.writeAndFlush(ByteBuffer(string: text), promise: nil) }
    func send(_ bytes: ByteBuffer) { channel.writeAndFlush(bytes, promise: nil) }
    func startReading() async throws { try await channel.setOption(.autoRead, value: true).get() }
    func endSending() async throws { try await channel.close(mode: .output) }
    func close() async throws { try await channel.close() }

    /// Waits until `text` has come.
    func expect(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        try await eventually("never received \(text)", sourceLocation: sourceLocation) {
            received.contains(text)
        }
    }

    func expectClose(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        try await eventually("never closed", sourceLocation: sourceLocation) { !isConnected }
    }
}
