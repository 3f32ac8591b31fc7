// Why a request was refused before anything was done; the server answers 400 with the message.

/// A request body or query that is not what the contract asks for.
public struct BadRequest: Error, Sendable, Equatable {
    /// A sentence for the client that names the member and what was expected; never repeats a value that
    /// could be a secret.
    public var message: String

    public init(_ message: String) { self.message = message }
}
