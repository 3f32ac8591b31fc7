// Which header fields pass the gateway, in either direction (RFC 9110 section 7.6.1 and our own rules), written as
// they were received.

import SlipwaySockets

/// A head with the bytes its places refer to.
struct ReceivedRequest {
    var bytes: UnsafeRawBufferPointer
    var head: RequestHead
    var fields: FieldTable
    var origin: ConnectionOrigin

    func text(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        bytes.part(range.lowerBound, range.upperBound)
    }

    /// Path and query.
    var target: UnsafeRawBufferPointer { text(head.target) }

    /// Whether it is for a stream of server-sent events.
    var asksForEvents: Bool {
        (0..<fields.count).contains { index in
            let field = fields[index]
            return field.kind == .other && bytes.name(of: field).equals("accept")
                && bytes.value(of: field).text.contains("text/event-stream")
        }
    }

    /// Method and path for log lines, without the query, which may carry what users type.
    var logDescription: String {
        let path = target.prefix { $0 != 63 }.prefix(200)
        return "\(text(head.methodRange).text) \(UnsafeRawBufferPointer(rebasing: path).text)"
    }
}

enum ForwardedHeaders {
    /// The fields for a replica with the empty line: without the platform's key and fields, with the request's id.
    static func toReplica(_ request: ReceivedRequest, requestID: RequestID, out: inout ByteQueue) {
        pass(request, &out) { kind in
            switch kind {
            case .other, .contentLength: true
            default: false
            }
        }
        writeHost(request, &out)
        out.append(requestID)
        finish(request, &out)
    }

    /// The fields for the management server with the empty line: as they came, but for the hop.
    static func toManagement(_ request: ReceivedRequest, out: inout ByteQueue) {
        pass(request, &out) { kind in
            switch kind {
            case .other, .contentLength, .authorization, .platform, .noRetry, .queueHint: true
            default: false
            }
        }
        writeHost(request, &out)
        finish(request, &out)
    }

    private static func pass(
        _ request: ReceivedRequest, _ out: inout ByteQueue, _ isPassed: (FieldKind) -> Bool
    ) {
        let named = request.head.connectionNamesFields ? connectionNames(request.fields, request.bytes) : []
        for index in 0..<request.fields.count {
            let field = request.fields[index]
            guard isPassed(field.kind) else { continue }
            if !named.isEmpty, field.kind == .other, named.contains(request.bytes.name(of: field).lowercased)
            {
                continue
            }
            out.append(request.bytes.line(of: field))
        }
    }

    /// The names in Connection. Routing, rights and framing cannot be taken out with it: they are of other kinds.
    private static func connectionNames(_ fields: FieldTable, _ bytes: UnsafeRawBufferPointer) -> Set<String>
    {
        var names: Set<String> = []
        for index in 0..<fields.count where fields[index].kind == .connection {
            for option in bytes.value(of: fields[index]).split(separator: 44) {
                names.insert(UnsafeRawBufferPointer(rebasing: option).trimmed.lowercased)
            }
        }
        return names
    }

    private static func writeHost(_ request: ReceivedRequest, _ out: inout ByteQueue) {
        out.append("Host: ")
        out.append(request.text(request.head.host))
        out.append("\r\n")
    }

    private static func finish(_ request: ReceivedRequest, _ out: inout ByteQueue) {
        switch request.head.body {
        case .chunked: out.append("Transfer-Encoding: chunked\r\n")
        case .none:
            // A missing body is told for methods that usually have one (RFC 9110 section 8.6).
            switch request.head.method {
            case .post, .put, .patch: out.append("Content-Length: 0\r\n")
            case .get, .head, .delete, .options, .other: break
            }
        case .bytes, .untilEnd: break
        }
        if request.head.wantsWebSocket { out.append("Connection: Upgrade\r\nUpgrade: websocket\r\n") }
        if let client = request.origin.address {
            out.append("X-Forwarded-For: ")
            out.append(client)
            out.append("\r\n")
        }
        out.append(
            request.origin.isSecure ? "X-Forwarded-Proto: https\r\n\r\n" : "X-Forwarded-Proto: http\r\n\r\n")
    }

    /// The fields of an upstream's answer for the client; framing is added by the client connection.
    ///
    /// - Parameter isReplica: whether a model made them, which may not set what the gateway says itself.
    static func toClient(
        _ head: ResponseHead, _ fields: FieldTable, _ bytes: UnsafeRawBufferPointer, isReplica: Bool,
        out: inout ByteQueue
    ) {
        let named = head.connectionNamesFields ? connectionNames(fields, bytes) : []
        for index in 0..<fields.count {
            let field = fields[index]
            switch field.kind {
            case .connection, .hop, .transferEncoding, .upgrade: continue
            case .contentLength where head.isCoded || head.status < 200: continue
            case .platform where isReplica && isOwn(bytes.name(of: field)): continue
            default: break
            }
            if !named.isEmpty, named.contains(bytes.name(of: field).lowercased) { continue }
            out.append(bytes.line(of: field))
        }
    }

    /// Written by the gateway alone.
    private static func isOwn(_ name: UnsafeRawBufferPointer) -> Bool {
        name.equals("x-baseten-request-id") || name.equals("x-baseten-model-prediction-attempts")
    }

    /// The fields of a trailer section that may be passed on, in either direction.
    ///
    /// - Parameter trailer: with its empty line.
    /// - Throws: 400 when a line is not a field.
    static func trailer(
        _ trailer: UnsafeRawBufferPointer, fields: FieldTable, out: inout ByteQueue
    ) throws(PlatformError) {
        _ = try fields.read(trailer, from: 0)
        for index in 0..<fields.count where fields[index].kind == .other {
            out.append(trailer.line(of: fields[index]))
        }
    }
}

extension UnsafeRawBufferPointer {
    fileprivate var lowercased: String { text.lowercased() }
}

extension ByteQueue {
    mutating func append(_ id: RequestID) {
        append("X-Baseten-Request-Id: ")
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { digits in
            id.write { position, digit in digits.initializeElement(at: position, to: digit) }
            append(UnsafeRawBufferPointer(digits))
        }
        append("\r\n")
    }
}
