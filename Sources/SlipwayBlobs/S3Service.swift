// The S3 endpoint of the server. The management API asks for credentials and download URLs here; the HTTP
// server calls `check` and `handle` in S3RequestHandling.swift.
import Foundation

/// Why the service cannot start.
public enum S3ServiceError: Error, Equatable, Sendable {
    /// Master keys have 32 bytes.
    case badMasterKey(bytes: Int)
    /// Bucket names have 3–63 lower-case letters, digits and hyphens.
    case badBucket(String)
    case disk(BlobError)
}

/// The subset of S3 that SDKs upload and download single objects with, for one bucket.
public final class S3Service: Sendable {
    /// What the service accepts at most and by default.
    public struct Limits: Sendable, Equatable {
        /// Largest object in bytes; 5 GiB is also S3's limit for one PUT.
        public var maximumObjectBytes: Int64 = 5 << 30
        /// How long upload credentials are good for, in seconds: an hour covers slow links.
        public var credentialLifetime: TimeInterval = 3600

        public init() {}
    }

    /// The objects themselves, for builds and direct uploads.
    public let directory: BlobDirectory
    public let bucket: String
    public let region: String
    public let limits: Limits
    let issuer: CredentialIssuer
    let verifier: RequestVerifier

    /// Opens the directory at `root` (absolute path). `masterKey` has 32 bytes and must stay the same across
    /// restarts, or issued credentials and URLs end with it.
    public init(
        root: String, masterKey: [UInt8], region: String, bucket: String, limits: Limits = Limits()
    ) throws(S3ServiceError) {
        guard (3...63).contains(bucket.utf8.count),
            bucket.utf8.allSatisfy({
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "-")
            })
        else { throw .badBucket(bucket) }
        guard let issuer = CredentialIssuer(masterKey: masterKey, bucket: bucket) else {
            throw .badMasterKey(bytes: masterKey.count)
        }
        do {
            directory = try BlobDirectory(root: root, maximumObjectBytes: limits.maximumObjectBytes)
        } catch {
            throw .disk(error)
        }
        self.bucket = bucket
        self.region = region
        self.limits = limits
        self.issuer = issuer
        verifier = RequestVerifier(issuer: issuer, region: region)
    }

    /// Credentials to upload one object under a new, unguessable key.
    public func issueUpload(now: Date) throws -> TemporaryCredentials {
        var generator = SystemRandomNumberGenerator()
        return try issueUpload(now: now, using: &generator)
    }

    /// The same with a source of randomness: the result depends on it, the master key and `now` alone.
    public func issueUpload(
        now: Date, using generator: inout some RandomNumberGenerator
    ) throws -> TemporaryCredentials {
        let text = CredentialIssuer.randomKey(using: &generator)
        guard let key = BlobKey(text) else { throw BlobError.badKey(text) }
        return try issuer.issue(
            key: key, access: .readWrite, maximumBytes: limits.maximumObjectBytes,
            lifetime: limits.credentialLifetime, now: now, using: &generator)
    }

    /// A new, unguessable key, for uploads that go to `directory` without S3.
    public func newKey() -> String {
        var generator = SystemRandomNumberGenerator()
        return CredentialIssuer.randomKey(using: &generator)
    }

    /// Stores a body that reaches the server without S3, of at most `limits.maximumObjectBytes`, under the
    /// key. Memory use does not depend on its size. Throws `BlobError`, or `S3Error` with `EntityTooLarge`,
    /// or with `IncompleteBody` when the client went away.
    public func receive<Body: AsyncSequence>(
        key text: String, body: Body
    ) async throws -> BlobDirectory.Object where Body.Element == [UInt8] {
        guard let key = BlobKey(text) else { throw BlobError.badKey(text) }
        let receiver = UploadReceiver(
            directory: directory, payload: PayloadReceiver(limit: limits.maximumObjectBytes))
        do {
            for try await bytes in ClientBody(body) { try await receiver.store(bytes) }
            return try await receiver.finishObject(key).object
        } catch {
            await receiver.discard()
            throw error is ClientBodyError ? S3Error(translating: error) : error
        }
    }

    /// A URL that downloads the object with no further credentials for `lifetime` seconds (1 to 604800).
    /// `endpoint` is scheme, host and port under which the client reaches this service. Throws
    /// `PresignError`.
    public func presignGET(key: String, endpoint: String, lifetime: Int, now: Date) throws -> String {
        var generator = SystemRandomNumberGenerator()
        return try Presigner(issuer: issuer, region: region).url(
            key: key, endpoint: endpoint, lifetime: lifetime, now: now, using: &generator)
    }

    /// A URL that one PUT uploads the object of a grant with, for clients without an S3 library. It is good as
    /// long as the grant. Throws `PresignError`.
    public func presignPUT(_ credentials: TemporaryCredentials, endpoint: String, now: Date) throws -> String
    {
        try Presigner(issuer: issuer, region: region).url(
            "PUT", credentials, endpoint: endpoint,
            lifetime: max(1, Int(credentials.expiry.timeIntervalSince(now))), now: now)
    }
}
