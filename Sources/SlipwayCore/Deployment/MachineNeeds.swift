// What a config asks of the machine itself, and what of it is not there.

/// What a config asks of the machine itself, beyond its size.
public struct MachineNeeds: Sendable, Equatable {
    /// Debian packages as an installer takes them: names, with an architecture (`:amd64`) or version (`=1.6-2`) if wanted.
    public var packages: [String]
    /// The user the server of a deployment is to run as; nil for the platform's.
    public var user: UInt32?
    /// Secrets are shown to build commands as files.
    public var mountsSecrets: Bool
    /// Only some addresses may be reached, or none.
    public var limitsEgress: Bool

    public init(
        packages: [String] = [], user: UInt32? = nil, mountsSecrets: Bool = false, limitsEgress: Bool = false
    ) {
        self.packages = packages
        self.user = user
        self.mountsSecrets = mountsSecrets
        self.limitsEgress = limitsEgress
    }

    public var isEmpty: Bool { self == MachineNeeds() }
}

/// A need that this machine does not meet.
public struct UnmetNeed: Sendable, Equatable, CustomStringConvertible {
    /// Dotted key of the config.
    public var key: String
    public var reason: String

    public init(key: String, reason: String) {
        self.key = key
        self.reason = reason
    }

    public var description: String { "\(key): \(reason)" }
}
