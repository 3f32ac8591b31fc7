// Issues temporary credentials and recomputes their secrets, all from one master key. Called by `S3Service`.
import Crypto
import Foundation

/// The two keys derived from the server's master key, and what they sign.
struct CredentialIssuer: Sendable {
    /// Length of the master key in bytes: that of the HMAC-SHA256 it feeds.
    static let masterKeyBytes = 32

    let bucket: String
    private let tokenKey: SymmetricKey
    private let secretKey: SymmetricKey

    /// Nil unless the master key has 32 bytes.
    init?(masterKey: [UInt8], bucket: String) {
        guard masterKey.count == Self.masterKeyBytes else { return nil }
        let master = SymmetricKey(data: masterKey)
        func derive(_ purpose: String) -> SymmetricKey {
            SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Data(purpose.utf8), using: master))
        }
        tokenKey = derive("slipway s3 session token 1")
        secretKey = derive("slipway s3 secret access key 1")
        self.bucket = bucket
    }

    /// Credentials for `key` until `now + lifetime` (seconds, rounded down to whole ones).
    func issue(
        key: BlobKey, access: SessionToken.Access, maximumBytes: Int64, lifetime: TimeInterval, now: Date,
        using generator: inout some RandomNumberGenerator
    ) throws -> TemporaryCredentials {
        let accessKeyID = "ASIA" + Self.randomBase32(16, using: &generator)
        let expiry = Int64((now.timeIntervalSince1970 + lifetime).rounded(.down))
        let token = SessionToken(
            key: key.description, accessKeyID: accessKeyID, expiry: expiry, maximumBytes: maximumBytes,
            access: access)
        return TemporaryCredentials(
            bucket: bucket, key: key.description, accessKeyID: accessKeyID,
            secretAccessKey: secretAccessKey(for: accessKeyID), sessionToken: try token.seal(with: tokenKey),
            expiry: Date(timeIntervalSince1970: TimeInterval(expiry)))
    }

    /// The grant behind a session token. Throws `InvalidToken` for a text this server has not issued, or has
    /// issued for another access key, and `ExpiredToken` when its time is over.
    func grant(sessionToken: String, accessKeyID: String, now: Date) throws(S3Error) -> SessionToken {
        guard let token = SessionToken.open(sessionToken, with: tokenKey), token.accessKeyID == accessKeyID
        else { throw S3Error(.invalidToken, "The session token does not belong to these credentials.") }
        guard now.timeIntervalSince1970 < TimeInterval(token.expiry) else {
            throw S3Error(.expiredToken, "The session token has expired; ask for new upload credentials.")
        }
        return token
    }

    /// The secret that belongs to an access key id, 64 hex digits.
    func secretAccessKey(for accessKeyID: String) -> String {
        Hex.encode(HMAC<SHA256>.authenticationCode(for: Data(accessKeyID.utf8), using: secretKey))
    }

    /// An unguessable key (128 random bits) that ends in a readable file name.
    static func randomKey(using generator: inout some RandomNumberGenerator) -> String {
        "archives/" + randomHex(using: &generator) + "/model.tar"
    }

    /// 128 random bits as 32 hex digits.
    static func randomHex(using generator: inout some RandomNumberGenerator) -> String {
        var bytes: [UInt8] = []
        // Not in a closure: a captured generator without a size makes the thread sanitizer crash.
        while bytes.count < 16 { bytes.append(UInt8.random(in: .min ... .max, using: &generator)) }
        return Hex.encode(bytes)
    }

    private static func randomBase32(_ count: Int, using generator: inout some RandomNumberGenerator)
        -> String
    {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        var text = ""
        for _ in 0..<count { text.append(alphabet[Int.random(in: 0..<32, using: &generator)]) }
        return text
    }
}
