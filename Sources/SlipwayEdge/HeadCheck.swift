// What a head of HTTP/2 must satisfy before it is written as HTTP/1.1 (RFC 9113 sections 8.2 and 10.3).

import NIOHPACK

enum HeadCheck {
    static func isSafe(_ headers: HPACKHeaders) -> Bool {
        var authority = false
        for (name, value, _) in headers {
            guard value.utf8.allSatisfy({ $0 == 9 || $0 >= 32 && $0 != 127 }) else { return false }
            switch name {
            case ":method": guard isToken(value) else { return false }
            case ":path":
                guard value.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else { return false }
            case ":authority": authority = true
            case ":scheme", ":protocol": break
            case "transfer-encoding", "connection", "keep-alive", "upgrade", "proxy-connection": return false
            case "host" where authority: break
            default: guard isToken(name) else { return false }
            }
        }
        return true
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
