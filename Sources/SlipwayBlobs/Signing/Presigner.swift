// Makes presigned URLs for one download or one upload; the management API hands them out.
import Foundation

/// Why a presigned URL cannot be made.
public enum PresignError: Error, Equatable, Sendable {
    /// Not `http://host[:port]` or `https://host[:port]`.
    case badEndpoint(String)
    case badKey(String)
    /// Lifetimes are 1 second to 7 days.
    case badLifetime(seconds: Int)
}

struct Presigner: Sendable {
    let issuer: CredentialIssuer
    let region: String

    /// A path-style GET URL for `key`. `endpoint` is scheme, host and port as the client will use them.
    func url(
        key: String, endpoint: String, lifetime: Int, now: Date,
        using generator: inout some RandomNumberGenerator
    ) throws -> String {
        guard let key = BlobKey(key) else { throw PresignError.badKey(key) }
        let credentials = try issuer.issue(
            key: key, access: .read, maximumBytes: 0, lifetime: TimeInterval(lifetime), now: now,
            using: &generator)
        return try url("GET", credentials, endpoint: endpoint, lifetime: lifetime, now: now)
    }

    /// A path-style URL for one request with `method`, made with the credentials of a grant.
    func url(
        _ method: String, _ credentials: TemporaryCredentials, endpoint: String, lifetime: Int, now: Date
    ) throws -> String {
        guard (1...RequestAuthorization.maximumPresignedLifetime).contains(lifetime) else {
            throw PresignError.badLifetime(seconds: lifetime)
        }
        let host = try Self.hostHeader(of: endpoint)
        let time = AmzDate.basic(now)
        let scope = SigningScope(
            accessKeyID: credentials.accessKeyID, day: String(time.prefix(8)), region: region)
        let unsigned = try QueryItems(
            raw: [
                ("X-Amz-Algorithm", SigningScope.algorithm), ("X-Amz-Credential", scope.credential),
                ("X-Amz-Date", time), ("X-Amz-Expires", String(lifetime)),
                ("X-Amz-Security-Token", credentials.sessionToken), ("X-Amz-SignedHeaders", "host"),
            ].map { "\($0.0)=\(PercentEncoding.encode($0.1))" }.joined(separator: "&")
        ).canonical()
        let path = "/\(issuer.bucket)/\(credentials.key)"
        let signature = Signer(secretAccessKey: credentials.secretAccessKey, scope: scope, time: time).sign(
            CanonicalRequest(
                method: method, path: path, canonicalQuery: unsigned, headers: [("host", host)],
                payloadHash: "UNSIGNED-PAYLOAD"))
        let base = endpoint.hasSuffix("/") ? String(endpoint.dropLast()) : endpoint
        let target = PercentEncoding.encode(path, keepingSlash: true)
        return "\(base)\(target)?\(unsigned)&X-Amz-Signature=\(signature)"
    }

    /// The `Host` header a client sends to the endpoint: without the scheme's own port.
    private static func hostHeader(of endpoint: String) throws -> String {
        guard let parts = URLComponents(string: endpoint), let scheme = parts.scheme, let host = parts.host,
            ["http", "https"].contains(scheme), !host.isEmpty, ["", "/"].contains(parts.path),
            parts.query == nil, parts.fragment == nil, parts.user == nil
        else { throw PresignError.badEndpoint(endpoint) }
        guard let port = parts.port, port != (scheme == "http" ? 80 : 443) else { return host }
        return "\(host):\(port)"
    }
}
