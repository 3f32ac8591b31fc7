// What a client is handed to upload one object; the management API puts these members into its answer.
import Foundation

/// Credentials for one key, in the form of AWS temporary credentials.
public struct TemporaryCredentials: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    public let bucket: String
    public let key: String
    public let accessKeyID: String
    public let secretAccessKey: String
    public let sessionToken: String
    /// From this moment on the credentials are refused.
    public let expiry: Date

    /// Names the key only: secrets stay out of logs.
    public var description: String { "TemporaryCredentials(\(bucket)/\(key))" }
    public var customMirror: Mirror { Mirror(self, children: ["bucket": bucket, "key": key]) }
}
