// Bounds on what the management plane reads and how long it waits.

import SlipwayAPI

enum RequestLimits {
    /// The largest JSON body read into memory, in bytes: what the decoder of requests takes.
    static let jsonBodyBytes = SlipwayAPI.RequestDecoder.maximumBodySize
    /// Bytes of a refused body that are still taken in before the connection is given up.
    static let discardedBytes = 64 << 20
    /// Seconds without a byte before a connection is closed. Longer than the gateway keeps one idle, so that
    /// the gateway always closes first and no request meets a closing connection.
    static let idleSeconds: Int64 = 120
}
