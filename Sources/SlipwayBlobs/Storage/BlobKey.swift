// Object keys: which are allowed, and how they map to file names. Used by credentials and by the directory.
import Crypto
import Foundation

/// A checked object key: 1–512 bytes of `A–Z a–z 0–9 . _ - /`, no empty, `.` or `..` segment, no slash at
/// either end.
public struct BlobKey: Hashable, Sendable, CustomStringConvertible {
    /// Keys travel inside session tokens, which travel inside URLs; longer ones have no use here.
    public static let maximumBytes = 512

    public let description: String

    /// Nil when the text is not an allowed key.
    public init?(_ text: String) {
        guard (1...Self.maximumBytes).contains(text.utf8.count), text.utf8.allSatisfy(Self.isAllowed) else {
            return nil
        }
        let segments = text.split(separator: "/", omittingEmptySubsequences: false)
        guard segments.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }) else { return nil }
        description = text
    }

    /// The name under which the object is kept: a hash, so no key can name anything else on the disk.
    var fileName: String { Hex.encode(SHA256.hash(data: Data(description.utf8))) }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "-"), UInt8(ascii: "/"):
            true
        default: false
        }
    }
}
