// Carries connections from the network of a build to servers of this machine that its operator has named for builds. Only
// these few, and only to the very port: nothing else of this machine is there for a build.

import NIOCore
import NIOPosix
import SlipwaySockets

struct BuildRelay: Sendable {
    private typealias Channel = NIOAsyncChannel<ByteBuffer, ByteBuffer>
    private typealias Server = NIOAsyncChannel<Channel, Never>

    private let task: Task<Void, Never>

    private static let backlog: Int32 = 128

    /// Listens at these addresses inside of `network`, which has them, until `end`.
    /// - Throws: when it cannot listen.
    init(_ places: [NamedAddress], in network: NetworkNamespace) async throws {
        var servers: [(NamedAddress, Server)] = []
        do {
            for place in places { servers.append((place, try await Self.listen(at: place, in: network))) }
        } catch {
            for (_, server) in servers { try? await server.executeThenClose { _ in } }
            throw error
        }
        task = Task { [servers] in
            await withTaskGroup(of: Void.self) { group in
                for (place, server) in servers { group.addTask { await Self.serve(server, place) } }
            }
        }
    }

    private static func listen(at place: NamedAddress, in network: NetworkNamespace) async throws -> Server {
        let endpoint = Endpoint.internet(address: place.address, port: place.port)
        let socket = try network.listen(at: endpoint, backlog: backlog).release()
        return try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(ChannelOptions.allowRemoteHalfClosure, value: true)
            .bind(socket) { channel in
                channel.eventLoop.makeCompletedFuture { try wrap(channel) }
            }
    }

    func end() async {
        task.cancel()
        await task.value
    }

    private static func wrap(_ channel: any NIOCore.Channel) throws -> Channel {
        try NIOAsyncChannel(
            wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
    }

    private static func serve(_ server: Server, _ place: NamedAddress) async {
        try? await server.executeThenClose { connections in
            try await withThrowingDiscardingTaskGroup { group in
                for try await connection in connections {
                    group.addTask { await carry(connection, to: place) }
                }
            }
        }
    }

    /// Both ways, until both have ended.
    private static func carry(_ inside: Channel, to place: NamedAddress) async {
        try? await inside.executeThenClose { input, output in
            let outside = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .channelOption(ChannelOptions.allowRemoteHalfClosure, value: true)
                .connect(host: place.address, port: place.port) { channel in
                    channel.eventLoop.makeCompletedFuture { try wrap(channel) }
                }
            try await outside.executeThenClose { answer, question in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        for try await bytes in input { try await question.write(bytes) }
                        question.finish()
                    }
                    group.addTask {
                        for try await bytes in answer { try await output.write(bytes) }
                        output.finish()
                    }
                    try await group.waitForAll()
                }
            }
        }
    }
}
