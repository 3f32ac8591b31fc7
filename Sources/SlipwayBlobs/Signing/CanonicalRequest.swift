// The canonical form of a request that signature version 4 signs, by S3's rules: the path is encoded once.
import Crypto
import Foundation

struct CanonicalRequest: Sendable {
    let text: String

    /// `path` is decoded; `headers` are sorted by name, names in lower case, values without extra blanks.
    init(
        method: String, path: String, canonicalQuery: String, headers: [(name: String, value: String)],
        payloadHash: String
    ) {
        text =
            "\(method)\n\(PercentEncoding.encode(path, keepingSlash: true))\n\(canonicalQuery)\n"
            + headers.map { "\($0.name):\($0.value)\n" }.joined()
            + "\n\(headers.map(\.name).joined(separator: ";"))\n\(payloadHash)"
    }

    var hash: String { Hex.encode(SHA256.hash(data: Data(text.utf8))) }
}
