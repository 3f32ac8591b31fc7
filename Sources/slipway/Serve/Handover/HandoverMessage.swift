// What two servers say to each other while one takes the place of the other. Both may be of different versions, so
// cases are only added, and an unknown one is passed over.

import Foundation
import SlipwayCore
import SlipwayGateway
import SlipwaySockets

enum HandoverMessage: Codable, Sendable {
    /// The new one asks for the place.
    case takeOver(version: String)
    /// The old one gives listening sockets, one file each in this order, and begins to end. There may be more of these.
    case sockets([SocketKind])
    /// The old one has put everything down: records, replicas and the lock of the data directory.
    case yours
    /// The new one accepts connections.
    case serving
    /// The new one tells how requests are routed; numbered from 1.
    case table(RoutingTable, number: Int)
    /// The old one tells what the requests it still has are doing.
    case report(LeavingReport)
    case demand(DeploymentID)
    case connectionFailed(ReplicaID, DeploymentID)
    case log(LogEntry, DeploymentID)

    enum SocketKind: String, Codable, Sendable { case main, inference, secure }
}

/// A socket that passes from one server to the next.
struct PassedSocket: Sendable {
    var kind: HandoverMessage.SocketKind
    var socket: BoundSocket
}

/// A connection between two servers. Sending never blocks; what comes is read by a thread of its own.
final class HandoverLink: Sendable {
    /// A message with the files that came with it, which are the receiver's. Ends when the other server is gone.
    let messages: AsyncStream<(message: HandoverMessage, files: [Int32])>
    private let socket: MessageSocket
    private let queue = DispatchQueue(label: "handover")

    init(_ socket: MessageSocket) {
        self.socket = socket
        let (stream, sink) = AsyncStream<(message: HandoverMessage, files: [Int32])>.makeStream()
        messages = stream
        Thread.detachNewThread {
            while let received = try? socket.receive() {
                guard
                    let message = try? JSONDecoder().decode(HandoverMessage.self, from: Data(received.bytes))
                else {
                    for file in received.files { close(file) }
                    continue
                }
                sink.yield((message, received.files))
            }
            sink.finish()
        }
    }

    deinit { socket.end() }

    /// - Parameter sockets: go with it; this process keeps its files too.
    func send(_ message: HandoverMessage, sockets: [BoundSocket] = []) {
        queue.async { [socket] in
            do {
                try socket.send(
                    Array(JSONEncoder().encode(message)), files: sockets.map { $0.release() })
            } catch {
                // What is missing would be missed: the end of `messages` tells both sides.
                socket.end()
            }
        }
    }

    /// Returns when everything given to `send` has been sent.
    func flush() async {
        await withCheckedContinuation { continuation in queue.async { continuation.resume() } }
    }

    func end() { socket.end() }

    /// Ends the other server by force.
    func killPeer() { socket.peer.map { _ = kill($0, SIGKILL) } }
}
