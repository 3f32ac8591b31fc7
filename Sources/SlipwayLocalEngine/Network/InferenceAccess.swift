// How a replica reaches the inference API: at an address of its own loopback, where the server listens from outside.

import SlipwaySockets

enum InferenceAccess {
    /// No other part of loopback is in the way of a server that binds 127.0.0.1, and a replica may not bind port 80.
    private static let address = "127.0.0.2"
    private static let port = 80
    private static let backlog: Int32 = 1024

    /// What replicas find in SLIPWAY_INFERENCE_URL.
    static let url = "http://\(address)"

    /// - Throws: `SystemError`; EADDRINUSE when another server listens there yet.
    static func listen(in network: NetworkNamespace) throws -> BoundSocket {
        try network.listen(at: .internet(address: address, port: port), backlog: backlog)
    }
}
