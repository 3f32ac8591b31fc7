// Where a running server can be asked for its place: a socket in its data directory, which only its user can reach.

import Foundation
import SlipwaySockets
import Synchronization

final class HandoverDesk: Sendable {
    private let listener: MessageListener

    /// - Parameter asked: gets the link of the first that asks; called on a thread of its own, once.
    /// - Throws: `SystemError` when nobody could ever ask.
    init(path: String, asked: @escaping @Sendable (HandoverLink) -> Void) throws {
        let listener = try MessageListener(path: path)
        self.listener = listener
        let isFirst = Atomic(true)
        Thread.detachNewThread {
            while let socket = listener.accept() {
                // Of its own, so that one who says nothing keeps nobody out.
                Thread.detachNewThread {
                    guard let received = try? socket.receive(),
                        let message = try? JSONDecoder().decode(
                            HandoverMessage.self, from: Data(received.bytes)),
                        case .takeOver = message, isFirst.exchange(false, ordering: .relaxed)
                    else { return }
                    asked(HandoverLink(socket))
                }
            }
        }
    }

    deinit { listener.end() }

    func close() { listener.end() }
}
