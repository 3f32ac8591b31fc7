// What a request claims about its signature: read from the Authorization header or from a presigned query.
import Foundation

struct RequestAuthorization: Sendable {
    let scope: SigningScope
    /// `x-amz-date` in its basic form.
    let time: String
    let date: Date
    /// Lower-case names, ascending.
    let signedHeaders: [String]
    let signature: String
    let sessionToken: String
    /// What the signature covers of the body: a hash or one of the protocol's words for other bodies.
    let payloadHash: String
    /// How long a presigned URL is good for, in seconds; nil for header authorization.
    let presignedLifetime: Int?

    /// The longest life of a presigned URL that S3 allows: seven days, in seconds.
    static let maximumPresignedLifetime = 604_800

    static func read(headers: S3Headers, query: QueryItems) throws(S3Error) -> RequestAuthorization {
        switch (headers["authorization"], query["X-Amz-Signature"] ?? query["X-Amz-Algorithm"]) {
        case (let header?, nil): return try fromHeader(header, headers)
        case (nil, _?): return try fromQuery(query)
        case (nil, nil):
            throw S3Error(.accessDenied, "The request is not signed; ask for upload credentials first.")
        case (_?, _?):
            throw S3Error(.invalidArgument, "A request is signed either in a header or in its query.")
        }
    }

    private static func fromHeader(_ header: String, _ headers: S3Headers) throws(S3Error) -> Self {
        let malformed = S3Error(.authorizationHeaderMalformed, "The Authorization header is malformed.")
        guard header.hasPrefix(SigningScope.algorithm + " ") else { throw malformed }
        var fields: [String: String] = [:]
        for field in header.dropFirst(SigningScope.algorithm.count + 1).split(separator: ",") {
            let halves = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard halves.count == 2 else { throw malformed }
            let name = halves[0].trimmingCharacters(in: .whitespaces)
            guard fields.updateValue(String(halves[1]), forKey: name) == nil else { throw malformed }
        }
        guard fields.count == 3, let scope = fields["Credential"].flatMap(SigningScope.init(credential:)),
            let names = fields["SignedHeaders"].flatMap(headerNames), let signature = fields["Signature"],
            Hex.isLowerHex(signature, count: 64)
        else { throw malformed }
        guard let time = headers["x-amz-date"] else {
            throw S3Error(.accessDenied, "The header x-amz-date is missing.")
        }
        guard let date = AmzDate.parse(time) else {
            throw S3Error(.accessDenied, "The header x-amz-date is not a date.")
        }
        guard let payloadHash = headers["x-amz-content-sha256"] else {
            throw S3Error(.missingSecurityHeader, "The header x-amz-content-sha256 is missing.")
        }
        guard let token = headers["x-amz-security-token"] else {
            throw S3Error(.missingSecurityHeader, "The header x-amz-security-token is missing.")
        }
        return RequestAuthorization(
            scope: scope, time: time, date: date, signedHeaders: names, signature: signature,
            sessionToken: token, payloadHash: payloadHash, presignedLifetime: nil)
    }

    private static func fromQuery(_ query: QueryItems) throws(S3Error) -> Self {
        let malformed = S3Error(
            .authorizationQueryParametersError, "The signature parameters of the URL are malformed.")
        guard query["X-Amz-Algorithm"] == SigningScope.algorithm,
            let scope = query["X-Amz-Credential"].flatMap(SigningScope.init(credential:)),
            let time = query["X-Amz-Date"], let date = AmzDate.parse(time),
            let lifetime = query["X-Amz-Expires"].flatMap({ DecimalText.parse($0) }),
            (1...maximumPresignedLifetime).contains(lifetime),
            let names = query["X-Amz-SignedHeaders"].flatMap(headerNames),
            let signature = query["X-Amz-Signature"], Hex.isLowerHex(signature, count: 64)
        else { throw malformed }
        guard let token = query["X-Amz-Security-Token"] else {
            throw S3Error(.missingSecurityHeader, "The parameter X-Amz-Security-Token is missing.")
        }
        return RequestAuthorization(
            scope: scope, time: time, date: date, signedHeaders: names, signature: signature,
            sessionToken: token, payloadHash: "UNSIGNED-PAYLOAD", presignedLifetime: lifetime)
    }

    /// The names if they are in lower case, ascending and distinct.
    private static func headerNames(_ list: String) -> [String]? {
        let names = list.split(separator: ";", omittingEmptySubsequences: false).map(String.init)
        guard names.allSatisfy({ !$0.isEmpty && $0 == $0.lowercased() }),
            zip(names, names.dropFirst()).allSatisfy({
                Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8))
            })
        else { return nil }
        return names
    }
}
