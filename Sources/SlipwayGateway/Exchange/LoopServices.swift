// Event-loop-bound. What the connections of one event loop share: its upstream pool and the way to the rest.

import NIOCore

final class LoopServices {
    let plane: DataPlane
    let eventLoop: any EventLoop
    let pool: ConnectionPool

    init(plane: DataPlane, eventLoop: any EventLoop) {
        self.plane = plane
        self.eventLoop = eventLoop
        pool = ConnectionPool(
            eventLoop: eventLoop, connectTimeout: plane.configuration.connectTimeout,
            idleTimeout: plane.configuration.upstreamIdleTimeout)
    }
}
