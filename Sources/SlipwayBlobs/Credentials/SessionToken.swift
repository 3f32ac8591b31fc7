// The grant inside `x-amz-security-token`: what it says, and its signed text form. Stateless, so grants
// outlive a restart of the server.
import Crypto
import Foundation

/// One key, what may be done with it, and until when.
struct SessionToken: Codable, Equatable {
    enum Access: String, Codable {
        case read = "r"
        case readWrite = "rw"
    }

    let key: String
    let accessKeyID: String
    /// Seconds since 1970.
    let expiry: Int64
    let maximumBytes: Int64
    let access: Access

    private enum CodingKeys: String, CodingKey {
        case key = "k"
        case accessKeyID = "a"
        case expiry = "e"
        case maximumBytes = "m"
        case access = "p"
    }

    /// Longest text `open` looks at: a key of full length fits well.
    private static let maximumTextBytes = 2048

    /// `{base64url of JSON}.{base64url of HMAC-SHA256}`.
    func seal(with key: SymmetricKey) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let payload = Base64URL.encode([UInt8](try encoder.encode(self)))
        let code = HMAC<SHA256>.authenticationCode(for: Data(payload.utf8), using: key)
        return payload + "." + Base64URL.encode(Array(code))
    }

    /// The grant, if the text was sealed with this key; nil for anything else. Says nothing about expiry.
    static func open(_ text: String, with key: SymmetricKey) -> SessionToken? {
        guard text.utf8.count <= maximumTextBytes else { return nil }
        let halves = text.split(separator: ".", omittingEmptySubsequences: false)
        guard halves.count == 2, let code = Base64URL.decode(halves[1]),
            HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: Data(halves[0].utf8), using: key),
            let payload = Base64URL.decode(halves[0])
        else { return nil }
        return try? JSONDecoder().decode(SessionToken.self, from: Data(payload))
    }
}
