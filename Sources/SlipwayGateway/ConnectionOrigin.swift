// Where a connection comes from, and how connections pass between the gateway and what stands before it.

/// Who is at the other end of a client connection.
public struct ConnectionOrigin: Sendable, Equatable {
    /// Numeric IP address; nil over Unix domain sockets.
    public var address: String?
    /// Whether the client came over TLS.
    public var isSecure: Bool
    /// Whether requests on it may ask for a bare connection to a replica with the method TUNNEL. Never true for a
    /// connection that a client has made itself.
    public var mayTunnel: Bool

    public init(address: String?, isSecure: Bool, mayTunnel: Bool = false) {
        self.address = address
        self.isSecure = isSecure
        self.mayTunnel = mayTunnel
    }
}

/// Which of the gateway's listeners a connection came in on.
public enum ListenerKind: Sendable {
    /// Inference, management, uploads and the app, told apart by the host.
    case main
    /// Inference only.
    case inference
}

/// A connection whose client began to speak HTTP/2 without TLS.
public struct HandedOverConnection: Sendable {
    /// The receiver's to close.
    public var file: Int32
    /// What has been read of it, the preface included.
    public var received: [UInt8]
    public var origin: ConnectionOrigin
    public var listener: ListenerKind
}

/// Takes HTTP/2 connections over; called on event loops, must return at once.
public typealias HTTP2TakeOver = @Sendable (HandedOverConnection) -> Void
