// The head of a request, checked as strictly as RFC 9112 asks of a proxy: what two readers could take for two
// different requests is refused.

import SlipwayCore

/// Places are offsets into the message's bytes, which the caller keeps beside it.
struct RequestHead {
    enum Method: UInt8 { case get, head, post, put, delete, patch, options, other }

    private(set) var method = Method.other
    private(set) var methodRange = 0..<0
    /// Path and query. Empty for `http://host` alone, which means `/`.
    private(set) var target = 0..<0
    /// Of the URI if it names one, else of the Host field.
    private(set) var host = 0..<0
    private(set) var authorization = 0..<0
    private(set) var authorizations = 0
    /// 0 or 1, of HTTP/1.x.
    private(set) var minorVersion = 1
    private(set) var body = BodyLength.none
    /// Whether the client wants the connection to go on.
    private(set) var keepAlive = true
    private(set) var saysClose = false
    private(set) var expectsContinue = false
    private(set) var wantsWebSocket = false
    /// Connection names more than the usual, so that fields have to be looked up in it.
    private(set) var connectionNamesFields = false
    private(set) var forbidsRetry = false
    private(set) var wantsQueueHint = false
    /// Bytes of the head, its empty line included.
    private(set) var length = 0

    init() {}

    /// - Parameters:
    ///   - message: begins with the request line.
    ///   - end: the place after the empty line.
    ///   - fields: filled with the message's fields.
    /// - Throws: 400, 414, 431, 501 or 505; the connection must be closed after it.
    init(
        _ message: UnsafeRawBufferPointer, end: Int, fields: FieldTable, maxURIBytes: Int
    ) throws(PlatformError) {
        let lineEnd = try readRequestLine(message, maxURIBytes: maxURIBytes)
        length = try fields.read(message, from: lineEnd)
        guard length == end else { throw PlatformErrors.badRequest("A header line is malformed.") }
        try readFields(message, fields)
    }

    private mutating func readRequestLine(
        _ message: UnsafeRawBufferPointer, maxURIBytes: Int
    ) throws(PlatformError) -> Int {
        var place = 0
        while Characters.isToken(message[place]) { place += 1 }
        guard place > 0, message[place] == 32 else { throw Self.badLine }
        methodRange = 0..<place
        method = Self.method(message.part(0, place))
        let start = place + 1
        place = start
        while Characters.isTarget(message[place]) { place += 1 }
        guard place > start, message[place] == 32 else { throw Self.badLine }
        guard place - start <= maxURIBytes else {
            throw PlatformError(
                status: 414, code: "client_error", message: "The URI exceeds \(maxURIBytes) bytes.")
        }
        target = start..<place
        let version = message.part(place + 1, min(place + 9, message.count))
        guard version.count == 8, version.part(0, 5).isExactly("HTTP/"), version[6] == 46,
            message.count > place + 10, message[place + 9] == 13, message[place + 10] == 10
        else { throw Self.badLine }
        guard version[5] == 49, version[7] == 48 || version[7] == 49 else {
            throw PlatformError(
                status: 505, code: "client_error", message: "Only HTTP/1.0 and HTTP/1.1 are spoken here.")
        }
        minorVersion = Int(version[7] - 48)
        return place + 11
    }

    private mutating func readFields(
        _ message: UnsafeRawBufferPointer, _ fields: FieldTable
    ) throws(PlatformError) {
        var framing = Framing()
        var hosts = 0
        var connection = ConnectionOptions()
        var webSocket = false
        for index in 0..<fields.count {
            let field = fields[index]
            let value = Int(field.valueStart)..<Int(field.valueEnd)
            switch field.kind {
            case .host:
                hosts += 1
                host = value
            case .authorization:
                authorizations += 1
                authorization = value
            case .contentLength: framing.addLength(message.value(of: field))
            case .transferEncoding: framing.addCoding(message.value(of: field))
            case .connection: connection.add(message.value(of: field))
            case .expect: expectsContinue = message.value(of: field).equals("100-continue")
            case .upgrade: webSocket = webSocket || message.value(of: field).equals("websocket")
            case .noRetry: forbidsRetry = message.value(of: field).equals("1")
            case .queueHint: wantsQueueHint = message.value(of: field).equals("1")
            case .other, .hop, .platform, .forwarded: break
            }
        }
        guard hosts <= 1, hosts == 1 || minorVersion == 0 else {
            throw PlatformErrors.badRequest("A request must have exactly one Host header.")
        }
        guard message.part(host.lowerBound, host.upperBound).allSatisfy(Characters.isHost) else {
            throw PlatformErrors.badRequest("The Host header is malformed.")
        }
        try readTarget(message)
        body = try framing.body(minorVersion: minorVersion) ?? .none
        connectionNamesFields = connection.namesFields
        saysClose = connection.close || (minorVersion == 0 && !connection.keepAlive)
        keepAlive = !saysClose
        expectsContinue = expectsContinue && minorVersion > 0
        wantsWebSocket = connection.upgrade && webSocket && minorVersion > 0
    }

    /// `GET http://host/path` names the host in the URI, and that counts more than the header.
    private mutating func readTarget(_ message: UnsafeRawBufferPointer) throws(PlatformError) {
        let text = message.part(target.lowerBound, target.upperBound)
        if methodRange.count == 7, message.part(0, 7).equals("connect") {
            throw PlatformErrors.badRequest("CONNECT is not supported.")
        }
        if text[0] == 47 || text.equals("*") { return }
        let scheme = text.hasPrefix("http://") ? 7 : text.hasPrefix("https://") ? 8 : 0
        guard scheme > 0 else { throw PlatformErrors.badRequest("The URI must start with a slash.") }
        let rest = text.part(scheme, text.count)
        let length = rest.firstIndex { $0 == 47 || $0 == 63 } ?? rest.count
        let authority = rest.part(0, length)
        guard length > 0, authority.allSatisfy(Characters.isHost) else {
            throw PlatformErrors.badRequest("The URI names no host.")
        }
        let start = target.lowerBound + scheme
        host = start..<start + length
        target = start + length..<target.upperBound
    }

    private static let badLine = PlatformErrors.badRequest("The request line is malformed.")

    /// Methods are told apart by case.
    private static func method(_ name: UnsafeRawBufferPointer) -> Method {
        switch name.count {
        case 3: name.isExactly("GET") ? .get : name.isExactly("PUT") ? .put : .other
        case 4: name.isExactly("POST") ? .post : name.isExactly("HEAD") ? .head : .other
        case 5: name.isExactly("PATCH") ? .patch : .other
        case 6: name.isExactly("DELETE") ? .delete : .other
        case 7: name.isExactly("OPTIONS") ? .options : .other
        default: .other
        }
    }
}
