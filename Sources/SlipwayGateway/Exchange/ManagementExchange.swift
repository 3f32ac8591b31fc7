// Event-loop-bound. A request for the management server of this process: passed on as it is, without limits.

import NIOCore
import NIOHTTP1

final class ManagementExchange: Exchange {
    private var address: UpstreamAddress { .socket(loop.plane.configuration.managementUpstream) }

    override func start() { send(to: address, allowIdle: true) }

    override func connectFailed(_ error: any Error) {
        loop.plane.logger.error("management server unreachable", metadata: ["error": "\(error)"])
        fail(.managementUnreachable)
    }

    override func lostBeforeHead(wasStale: Bool, canSendAgain: Bool) {
        if wasStale, canSendAgain {
            send(to: address, allowIdle: false)
        } else {
            fail(.managementUnreachable)
        }
    }
}
