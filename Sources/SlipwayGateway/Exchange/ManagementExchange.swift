// A request for the management server of this process: passed on as it is, without limits.

import SlipwaySockets

final class ManagementExchange: Exchange {
    private let target: String
    /// Chosen once: a second attempt goes to the same server.
    private let endpoint: Endpoint

    /// - Parameter target: path and query to ask for; nil for those of the request.
    init(client: ClientConnection, loop: LoopServices, request: ReceivedRequest, target: String?) {
        if let successor = loop.plane.successorUpstream {
            // A whole server, which routes the request itself.
            self.target = Self.target(of: request)
            endpoint = successor
        } else {
            self.target = target ?? Self.target(of: request)
            endpoint = loop.plane.configuration.managementUpstream
        }
        super.init(client: client, loop: loop, request: request)
        body.writeFields { ForwardedHeaders.toManagement(request, out: &$0) }
    }

    private static func target(of request: ReceivedRequest) -> String {
        let text = request.target.text
        return text.first == "/" || text == "*" ? text : "/\(text)"
    }

    override func start() { send(to: endpoint, target: target, allowIdle: true) }

    override func connectFailed(_ error: SystemError) {
        super.connectFailed(error)
        loop.plane.logger.error("management server unreachable", metadata: ["error": "\(error)"])
        fail(.managementUnreachable)
    }

    override func lostBeforeHead(wasStale: Bool, canSendAgain: Bool) {
        if wasStale, canSendAgain {
            send(to: endpoint, target: target, allowIdle: false)
        } else {
            fail(.managementUnreachable)
        }
    }
}
