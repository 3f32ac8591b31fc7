// The header fields that mean something to the gateway itself.

enum FieldKind: UInt8 {
    /// Passed on as it is.
    case other
    case host, authorization, contentLength, transferEncoding, connection, expect, upgrade
    /// For one hop only (RFC 9110 section 7.6.1).
    case hop
    /// `X-Baseten-…`, `X-Slipway-…`: the platform's own, which clients cannot set.
    case platform
    /// `Forwarded`, `X-Forwarded-…`, `X-Real-IP`: who the client is, which only the gateway knows.
    case forwarded
    /// `X-Slipway-No-Retry`.
    case noRetry
    /// `X-Slipway-Queue-Hint`.
    case queueHint

    init(name: UnsafeRawBufferPointer) {
        // The first letter sorts nearly everything out.
        switch name[0] | 32 {
        case UInt8(ascii: "h"): self = name.equals("host") ? .host : .other
        case UInt8(ascii: "a"): self = name.equals("authorization") ? .authorization : .other
        case UInt8(ascii: "c"):
            self =
                name.equals("content-length")
                ? .contentLength : name.equals("connection") ? .connection : .other
        case UInt8(ascii: "t"):
            self =
                name.equals("transfer-encoding")
                ? .transferEncoding : name.equals("te") || name.equals("trailer") ? .hop : .other
        case UInt8(ascii: "e"): self = name.equals("expect") ? .expect : .other
        case UInt8(ascii: "u"): self = name.equals("upgrade") ? .upgrade : .other
        case UInt8(ascii: "k"): self = name.equals("keep-alive") ? .hop : .other
        case UInt8(ascii: "p"):
            let isHop =
                name.equals("proxy-connection") || name.equals("proxy-authenticate")
                || name.equals("proxy-authorization")
            self = isHop ? .hop : .other
        case UInt8(ascii: "f"): self = name.equals("forwarded") ? .forwarded : .other
        case UInt8(ascii: "x"): self = Self.extended(name)
        default: self = .other
        }
    }

    private static func extended(_ name: UnsafeRawBufferPointer) -> FieldKind {
        if name.hasPrefix("x-baseten-") { return .platform }
        if name.hasPrefix("x-forwarded-") || name.equals("x-real-ip") { return .forwarded }
        guard name.hasPrefix("x-slipway-") else { return .other }
        if name.equals("x-slipway-no-retry") { return .noRetry }
        return name.equals("x-slipway-queue-hint") ? .queueHint : .platform
    }
}
