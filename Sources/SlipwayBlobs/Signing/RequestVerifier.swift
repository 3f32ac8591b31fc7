// Decides whether a request carries a valid signature version 4 made with credentials of this server, and
// whether their grant allows what it asks for. Called by `S3Service` before any body is read.
import Foundation

struct RequestVerifier: Sendable {
    /// How far a client's clock may be off, in seconds; S3's own bound.
    static let clockSkew: TimeInterval = 900

    let issuer: CredentialIssuer
    let region: String

    /// What a verified request may do, and what the chunks of its body must be signed with.
    struct Verified: Sendable {
        let key: BlobKey
        let maximumBytes: Int64
        /// Whether the grant is one for uploading.
        let isUpload: Bool
        let payloadHash: String
        let signer: Signer
        let seedSignature: String
    }

    func verify(
        _ head: S3RequestHead, headers: S3Headers, route: S3Route, now: Date
    ) throws(S3Error) -> Verified {
        let query = try QueryItems(raw: head.rawQuery)
        let claim = try RequestAuthorization.read(headers: headers, query: query)
        try checkScope(claim)
        try checkTime(claim, now: now)
        let grant = try issuer.grant(
            sessionToken: claim.sessionToken, accessKeyID: claim.scope.accessKeyID, now: now)
        let signer = Signer(
            secretAccessKey: issuer.secretAccessKey(for: claim.scope.accessKeyID), scope: claim.scope,
            time: claim.time)
        guard let path = PercentEncoding.decode(head.rawPath) else {
            throw S3Error(.invalidURI, "The path cannot be decoded.")
        }
        let request = CanonicalRequest(
            method: head.method, path: path, canonicalQuery: query.canonical(without: "X-Amz-Signature"),
            headers: try signedHeaders(claim, headers), payloadHash: claim.payloadHash)
        guard constantTimeEqual(signer.sign(request), claim.signature) else {
            throw S3Error(.signatureDoesNotMatch, "The signature does not match the request.")
        }
        guard route.bucket == issuer.bucket else { throw S3Error(.noSuchBucket, "There is no such bucket.") }
        guard grant.key == route.key, let key = BlobKey(route.key) else {
            throw S3Error(.accessDenied, "These credentials are for another key.")
        }
        let isPresigned = claim.presignedLifetime != nil
        guard
            !route.operation.writes
                || (grant.access == .readWrite && (!isPresigned || route.operation == .putObject))
        else {
            throw S3Error(.accessDenied, "These credentials are for reading only.")
        }
        return Verified(
            key: key, maximumBytes: grant.maximumBytes, isUpload: grant.access == .readWrite,
            payloadHash: claim.payloadHash, signer: signer, seedSignature: claim.signature)
    }

    private func checkScope(_ claim: RequestAuthorization) throws(S3Error) {
        guard claim.scope.region == region else {
            throw S3Error(.authorizationHeaderMalformed, "The region is wrong; expecting '\(region)'.")
        }
        guard claim.time.hasPrefix(claim.scope.day + "T") else {
            throw S3Error(
                .authorizationHeaderMalformed, "The day of the credential is not that of the request.")
        }
    }

    private func checkTime(_ claim: RequestAuthorization, now: Date) throws(S3Error) {
        let age = now.timeIntervalSince(claim.date)
        guard let lifetime = claim.presignedLifetime else {
            guard abs(age) <= Self.clockSkew else {
                throw S3Error(
                    .requestTimeTooSkewed, "The time of the request is more than 15 minutes off the server's."
                )
            }
            return
        }
        guard age >= -Self.clockSkew else { throw S3Error(.accessDenied, "The URL is not valid yet.") }
        guard age < TimeInterval(lifetime) else { throw S3Error(.accessDenied, "The URL has expired.") }
    }

    /// The signed headers with their values, after checking that nothing that matters is left out.
    private func signedHeaders(
        _ claim: RequestAuthorization, _ headers: S3Headers
    ) throws(S3Error) -> [(name: String, value: String)] {
        let names = Set(claim.signedHeaders)
        guard names.contains("host"),
            headers.names.allSatisfy({ !$0.hasPrefix("x-amz-") || names.contains($0) })
        else {
            throw S3Error(.accessDenied, "The signature must cover the headers host and x-amz-*.")
        }
        var pairs: [(name: String, value: String)] = []
        for name in claim.signedHeaders {
            guard let value = headers[name] else {
                throw S3Error(.signatureDoesNotMatch, "A signed header is missing from the request.")
            }
            pairs.append((name, value))
        }
        return pairs
    }
}
