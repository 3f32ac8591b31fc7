// What a head of HTTP/2 must satisfy before it is written as HTTP/1.1 (RFC 9113 sections 8.2 and 10.3).

import NIOHPACK

enum HeadCheck {
    static func isSafe(_ headers: HPACKHeaders) -> Bool {
        for (name, value, _) in headers {
            guard value.utf8.allSatisfy({ $0 == 9 || $0 >= 32 && $0 != 127 }) else { return false }
            switch name {
            case ":method": guard isToken(value) else { return false }
            case ":path":
                guard value.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else { return false }
            case ":authority", ":scheme", ":protocol": break
            case "transfer-encoding", "connection", "keep-alive", "upgrade", "proxy-connection": return false
            default: guard isToken(name) else { return false }
            }
        }
        return true
    }

    /// The head with its one authority, and without the field `Host`: two names could be read as two different hosts
    /// further on (RFC 9113 section 8.3.1).
    /// - Returns: nil where they differ, or there is none or more than one.
    static func withOneAuthority(_ headers: HPACKHeaders) -> HPACKHeaders? {
        let authorities = headers[":authority"].filter { !$0.isEmpty }
        let given = authorities + headers["host"]
        guard let authority = given.first, authorities.count <= 1, headers["host"].count <= 1 else {
            return nil
        }
        let port = headers.first(name: ":scheme") == "https" ? ":443" : ":80"
        func name(_ text: String) -> String {
            let text = text.lowercased()
            return text.hasSuffix(port) ? String(text.dropLast(port.count)) : text
        }
        guard given.allSatisfy({ name($0) == name(authority) }) else { return nil }
        var result: HPACKHeaders = [":authority": authority]
        for (name, value, indexing) in headers where name != ":authority" && name != "host" {
            result.add(name: name, value: value, indexing: indexing)
        }
        return result
    }

    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }
}
