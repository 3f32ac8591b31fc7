// The keyed hashes of signature version 4: over requests, and over the signed chunks and trailer of a body.
// Used by verifier, presigner and `AwsChunkedDecoder`.
import Crypto
import Foundation

/// The derived key of one scope, with the time its signatures carry.
struct Signer: Sendable {
    let scope: SigningScope
    /// `20130524T000000Z`.
    let time: String
    private let key: SymmetricKey

    init(secretAccessKey: String, scope: SigningScope, time: String) {
        var key = SymmetricKey(data: Data(("AWS4" + secretAccessKey).utf8))
        for step in [scope.day, scope.region, "s3", "aws4_request"] {
            key = SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Data(step.utf8), using: key))
        }
        self.scope = scope
        self.time = time
        self.key = key
    }

    /// The signature of a request.
    func sign(_ request: CanonicalRequest) -> String {
        sign("\(SigningScope.algorithm)\n\(time)\n\(scope.text)\n\(request.hash)")
    }

    /// The signature of one chunk of a streamed body; `dataHash` is the hex SHA-256 of its bytes.
    func signChunk(after previous: String, dataHash: String) -> String {
        sign(
            "\(SigningScope.algorithm)-PAYLOAD\n\(time)\n\(scope.text)\n"
                + "\(previous)\n\(Self.emptyHash)\n\(dataHash)")
    }

    /// The signature of the trailing headers (`name:value` lines, each ended by a newline).
    func signTrailer(after previous: String, lines: String) -> String {
        let hash = Hex.encode(SHA256.hash(data: Data(lines.utf8)))
        return sign("\(SigningScope.algorithm)-TRAILER\n\(time)\n\(scope.text)\n\(previous)\n\(hash)")
    }

    private static let emptyHash = Hex.encode(SHA256.hash(data: Data()))

    private func sign(_ text: String) -> String {
        Hex.encode(HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: key))
    }
}
