// The text of API keys: how new ones are made, recognised in headers and turned into digests.

import Crypto
import Foundation
import SlipwayCore

enum KeyText {
    /// Characters before the dot: public, for lists and deletion.
    static let prefixLength = 8
    /// Characters after the dot: about 190 bits, which is why a fast hash is enough at rest.
    static let secretLength = 32

    /// A new key; the whole text is shown to the user once and never stored.
    static func generate() -> (prefix: String, text: String) {
        let prefix = draw(prefixLength)
        return (prefix, prefix + "." + secret())
    }

    /// Text nobody can guess.
    static func secret() -> String { draw(secretLength) }

    private static func draw(_ count: Int) -> String {
        var generator = SystemRandomNumberGenerator()
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
        return String((0..<count).map { _ in alphabet.randomElement(using: &generator)! })
    }

    /// The key of an `Authorization` value: `Api-Key …` or `Bearer …`, scheme in any case.
    static func key(inAuthorization value: String) -> String? {
        let parts = value.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        guard parts.count == 2, ["api-key", "bearer"].contains(parts[0].lowercased()) else { return nil }
        let key = parts[1].trimmingCharacters(in: .whitespaces)
        return key.isEmpty ? nil : key
    }

    /// SHA-256 of the whole text.
    static func digest(of text: String) -> [UInt8] { Array(SHA256.hash(data: Data(text.utf8))) }

    static func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0" + text : text
        }.joined()
    }

    static func bytes(hex: String) -> [UInt8]? {
        let digits = Array(hex.utf8)
        guard digits.count.isMultiple(of: 2) else { return nil }
        return stride(from: 0, to: digits.count, by: 2).reduce(into: [UInt8]?([])) { result, index in
            let pair = String(decoding: digits[index..<index + 2], as: UTF8.self)
            if let byte = UInt8(pair, radix: 16) { result?.append(byte) } else { result = nil }
        }
    }
}
