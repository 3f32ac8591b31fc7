// Where a message's body ends (RFC 9112 section 6).

import SlipwayCore

enum BodyLength: Equatable {
    case none
    case bytes(Int)
    case chunked
    /// Until the connection ends; answers only.
    case untilEnd

    /// Whether it can say no more than `{}`, which many clients send where nothing is asked for.
    var isNearlyNothing: Bool {
        switch self {
        case .none: true
        case .bytes(let length): length <= 2
        case .chunked, .untilEnd: false
        }
    }
}

/// The fields that frame a body, gathered from a head.
struct Framing {
    private(set) var length: Int?
    private var hasBadLength = false
    private var codings = 0
    private var chunked = 0
    private var lastIsChunked = false

    var isCoded: Bool { codings > 0 }

    mutating func addLength(_ value: UnsafeRawBufferPointer) {
        guard let number = value.decimal, length == nil else { return hasBadLength = true }
        length = number
    }

    mutating func addCoding(_ value: UnsafeRawBufferPointer) {
        for coding in value.split(separator: 44, omittingEmptySubsequences: false) {
            codings += 1
            lastIsChunked = UnsafeRawBufferPointer(rebasing: coding).trimmed.equals("chunked")
            if lastIsChunked { chunked += 1 }
        }
    }

    /// Throws 400 for lengths that contradict each other and codings that end nowhere, 501 for codings before chunked.
    func body(minorVersion: Int) throws(PlatformError) -> BodyLength? {
        guard !hasBadLength else { throw PlatformErrors.badRequest("The Content-Length is not one number.") }
        guard codings > 0 else { return length.map(BodyLength.bytes) }
        guard length == nil else {
            throw PlatformErrors.badRequest("Content-Length and Transfer-Encoding exclude each other.")
        }
        guard minorVersion > 0 else {
            throw PlatformErrors.badRequest("HTTP/1.0 has no Transfer-Encoding.")
        }
        guard chunked == 1, lastIsChunked else {
            throw PlatformErrors.badRequest("The Transfer-Encoding does not end with one chunked.")
        }
        guard codings == 1 else {
            throw PlatformError(
                status: 501, code: "client_error", message: "Only chunked is understood as coding.")
        }
        return .chunked
    }
}
