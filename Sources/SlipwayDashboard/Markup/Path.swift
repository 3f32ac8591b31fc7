// Addresses on this server.

/// A path below the app host, with its query; every part is percent-encoded.
public struct Path: Sendable, Equatable {
    public private(set) var text: String

    /// - Parameter segments: parts of the path; a slash in one does not divide it.
    public init(_ segments: String...) {
        text = segments.isEmpty ? "/" : segments.map { "/" + Self.encode($0) }.joined()
    }

    /// A path that a browser sent along to come back to.
    /// - Returns: nil for what could lead anywhere else.
    init?(returningTo text: String) {
        // `//host` and `/\host` are other servers' addresses.
        guard text.utf8.first == UInt8(ascii: "/"), text.utf8.count <= 2000,
            !text.hasPrefix("//"), text.utf8.allSatisfy({ 0x21...0x7E ~= $0 && $0 != UInt8(ascii: "\\") })
        else { return nil }
        self.text = text
    }

    /// With one more query parameter; one without a value is left out.
    public func query(_ name: StaticString, _ value: String?) -> Path {
        guard let value, !value.isEmpty else { return self }
        var path = self
        path.text += text.contains("?") ? "&" : "?"
        path.text += "\(name)=" + Self.encode(value)
        return path
    }

    /// At a place of the page.
    func at(_ fragment: StaticString) -> Path {
        var path = self
        path.text += "#\(fragment)"
        return path
    }

    private static func encode(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                bytes.append(byte)
            default: bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
