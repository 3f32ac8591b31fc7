// What the composition root tells the management plane about its surroundings.

/// The public URL is not one clients could use.
public struct BadPublicURL: Error, Sendable, Equatable, CustomStringConvertible {
    public let url: String
    public var description: String { "The public URL must be http[s]://host[:port], not \(url)." }
}

/// Addresses of the management plane, inside the machine and as clients see it.
public struct ManagementConfiguration: Sendable {
    /// The Unix domain socket to listen on; the gateway sends everything that is not inference there.
    public var socketPath: String
    /// The address clients use. Answers name the model, API and upload hosts below it.
    public var publicAddress: PublicAddress
    /// Where this process serves predictions, for the dashboard's own; nil where there is no gateway.
    public var inferenceURL: String?
    /// Whether calls are held to the documented limits.
    public var limitsRates = false

    /// - Parameter publicURL: scheme, host and port of the one public listener, as in `http://localhost:8000`.
    public init(publicURL: String, socketPath: String) throws(BadPublicURL) {
        guard let address = PublicAddress(url: publicURL) else { throw BadPublicURL(url: publicURL) }
        self.socketPath = socketPath
        publicAddress = address
    }
}
