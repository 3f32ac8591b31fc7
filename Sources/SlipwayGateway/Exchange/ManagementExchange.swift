// A request for the management server of this process: passed on as it is, without limits.

import SlipwaySockets

final class ManagementExchange: Exchange {
    private let target: String
    /// Chosen once: a second attempt goes to the same server.
    private let endpoint: Endpoint

    /// - Parameter target: path and query to ask for; nil for those of the request.
    init(client: ClientConnection, loop: LoopServices, request: ReceivedRequest, target: String?) {
        self.target = target ?? Self.target(of: request)
        endpoint = loop.plane.managementUpstream
        super.init(client: client, loop: loop, request: request)
        body.writeFields { ForwardedHeaders.toManagement(request, out: &$0) }
    }

    private static func target(of request: ReceivedRequest) -> String {
        let text = request.target.text
        return text.first == "/" || text == "*" ? text : "/\(text)"
    }

    override func start() { send(to: endpoint, target: target, allowIdle: true) }

    /// The management server of a process begins a moment after the listeners: its first callers are held until then.
    private static let patience: Duration = .seconds(10)
    private static let pause: Duration = .milliseconds(10)
    private var patienceEnd: UInt64?

    override func connectFailed(_ error: SystemError) {
        super.connectFailed(error)
        let now = loop.reactor.now
        let end = patienceEnd ?? now + Self.patience.nanoseconds
        patienceEnd = end
        guard now >= end else { return client.requestDeadline.set(now + Self.pause.nanoseconds) }
        loop.plane.logger.error("management server unreachable", metadata: ["error": "\(error)"])
        fail(.managementUnreachable)
    }

    override func deadlineCame() { send(to: endpoint, target: target, allowIdle: false) }

    override func didEnd(_ ending: Ending) { client.requestDeadline.clear() }

    override func lostBeforeHead(wasStale: Bool, canSendAgain: Bool) {
        if wasStale, canSendAgain {
            send(to: endpoint, target: target, allowIdle: false)
        } else {
            fail(.managementUnreachable)
        }
    }
}
