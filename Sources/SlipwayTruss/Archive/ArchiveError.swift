// Why an archive is refused; names the entry, so that the user can find it.

import Foundation

public enum ArchiveError: Error, Sendable, Equatable, CustomStringConvertible {
    case cannotRead(String)
    case truncated
    case damagedHeader(at: Int64)
    case unsafeName(String, reason: String)
    case unsupportedEntry(String, kind: String)
    case tooManyEntries(limit: Int)
    case tooLarge(limit: Int64)
    /// - Parameter code: of the system call that failed; 0 when none is known.
    case cannotWrite(String, reason: String, code: Int32 = 0)

    public var description: String {
        switch self {
        case .cannotRead(let reason): "The archive cannot be read: \(reason)"
        case .truncated: "The archive ends in the middle of an entry."
        case .damagedHeader(let offset): "The archive is no tar file, or is damaged at byte \(offset)."
        case .unsafeName(let name, let reason): "Entry \"\(name.printable)\" is refused: \(reason)."
        case .unsupportedEntry(let name, let kind): "Entry \"\(name.printable)\" is refused: it is \(kind)."
        case .tooManyEntries(let limit): "The archive has more than \(limit) entries."
        case .tooLarge(let limit): "The archive holds more than \(limit) bytes."
        case .cannotWrite(let name, let reason, _):
            "Entry \"\(name.printable)\" cannot be written: \(reason)."
        }
    }
}

extension ArchiveError {
    static func cannotWrite(_ name: String, code: Int32) -> ArchiveError {
        .cannotWrite(name, reason: String(cString: strerror(code)), code: code)
    }

    static func cannotWrite(_ name: String, _ error: any Error) -> ArchiveError {
        let below = (error as NSError).userInfo[NSUnderlyingErrorKey] as? any Error ?? error
        let code = (below as? POSIXError)?.code.rawValue ?? 0
        return .cannotWrite(name, reason: error.localizedDescription, code: code)
    }
}

extension String {
    /// Without control characters, cut to a readable length.
    fileprivate var printable: String {
        String(
            String.UnicodeScalarView(unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? "?" : $0 })
                .prefix(200))
    }
}

let slash = UInt8(ascii: "/")

/// What stands between the slashes of a path, without what means nothing. Slashes are looked for as bytes, as the
/// kernel does: a slash and a combining mark after it are one `Character`, which is no slash to Swift.
func pathParts(of path: String) -> [String] {
    path.utf8.split(separator: slash).map { String(Substring($0)) }.filter { $0 != "." }
}

/// What an archive may hold at most.
public struct ArchiveLimits: Sendable {
    /// Entries, directories included.
    public var entries = 100_000
    /// Sum of all file sizes: weights may come inside the archive.
    public var bytes: Int64 = 50 << 30
    /// Bytes of one name.
    public var nameLength = 4096

    public init() {}
}
