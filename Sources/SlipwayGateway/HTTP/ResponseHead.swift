// The head of a replica's answer (RFC 9112 section 4).

import SlipwayCore

struct ResponseHead {
    private(set) var status = 0
    /// The reason phrase, as received.
    private(set) var reason = 0..<0
    private(set) var body = BodyLength.none
    /// Whether the replica keeps the connection.
    private(set) var keepAlive = true
    private(set) var switchesToWebSocket = false
    private(set) var isCoded = false
    private(set) var connectionNamesFields = false
    /// Bytes of the head, its empty line included.
    private(set) var length = 0

    init() {}

    /// - Parameter hasNoBody: whether it answers HEAD.
    /// - Throws: when it is not an answer that can be passed on.
    init(
        _ message: UnsafeRawBufferPointer, end: Int, fields: FieldTable, hasNoBody: Bool
    ) throws(PlatformError) {
        guard message.count >= 15, message.hasPrefix("http/1."), message[7] == 48 || message[7] == 49,
            message[8] == 32, let code = message.part(9, 12).decimal, code >= 100
        else { throw Self.malformed }
        let minorVersion = Int(message[7] - 48)
        status = code
        var place = 12
        if message[place] == 32 { place += 1 }
        let start = place
        while Characters.isValue(message[place]) { place += 1 }
        guard message[place] == 13, place == start || start == 13 else { throw Self.malformed }
        reason = start..<place
        length = try fields.read(message, from: place + 2)
        guard length == end else { throw Self.malformed }
        try readFields(message, fields, minorVersion: minorVersion, hasNoBody: hasNoBody)
    }

    private mutating func readFields(
        _ message: UnsafeRawBufferPointer, _ fields: FieldTable, minorVersion: Int, hasNoBody: Bool
    ) throws(PlatformError) {
        var framing = Framing()
        var connection = ConnectionOptions()
        var webSocket = false
        for index in 0..<fields.count {
            let field = fields[index]
            switch field.kind {
            case .contentLength: framing.addLength(message.value(of: field))
            case .transferEncoding: framing.addCoding(message.value(of: field))
            case .upgrade: webSocket = message.value(of: field).equals("websocket")
            case .connection: connection.add(message.value(of: field))
            default: break
            }
        }
        connectionNamesFields = connection.namesFields
        keepAlive = !connection.close && (minorVersion > 0 || connection.keepAlive)
        switchesToWebSocket = status == 101 && webSocket
        isCoded = framing.isCoded
        if hasNoBody || status < 200 || status == 204 || status == 304 { return body = .none }
        body = try framing.body(minorVersion: minorVersion) ?? .untilEnd
    }

    /// Another head follows for the same request.
    var isInterim: Bool { status < 200 && status != 101 }

    private static let malformed = PlatformErrors.replicaLost
}
