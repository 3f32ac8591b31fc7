// The gateway's readers of HTTP/1.1. The same bytes at once and one by one give the same messages, so no reader
// before or behind it that cuts them differently can see another request.

import SlipwayCore
@testable import SlipwayGateway

nonisolated(unsafe) private let fields = FieldTable()

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // The first byte chooses what is read.
    guard let start, count > 1 else { return 0 }
    let bytes = UnsafeRawBufferPointer(start: start + 1, count: count - 1)
    let isRequest = start[0] & 1 == 0
    let atOnce = messages(bytes, step: bytes.count, isRequest)
    for step in [1, 2, 7] {
        let inPieces = messages(bytes, step: step, isRequest)
        precondition(atOnce == inPieces, "\(atOnce)\n\(inPieces)")
    }
    return 0
}

/// What a connection would see of these bytes when `step` of them come at a time, as text to compare.
private func messages(_ bytes: UnsafeRawBufferPointer, step: Int, _ isRequest: Bool) -> [String] {
    var reader = Reader(isRequest: isRequest)
    var place = 0
    while place < bytes.count, !reader.isOver {
        let next = min(bytes.count, place + step)
        // In memory of their own, so that the sanitizer sees who reads beyond.
        let piece = Array(bytes[place..<next])
        reader.receive(piece)
        place = next
    }
    return reader.seen
}

private struct Reader {
    private enum Stage { case head, length(Int), chunked(ChunkDecoder), untilEnd }

    let isRequest: Bool
    private(set) var seen: [String] = []
    private(set) var isOver = false
    private var stage = Stage.head
    private var pending: [UInt8] = []
    private var scan = HeadScan()
    private var body: [UInt8] = []
    private var trailer: [UInt8] = []

    init(isRequest: Bool) { self.isRequest = isRequest }

    mutating func receive(_ piece: [UInt8]) {
        do throws(PlatformError) {
            try consume(piece)
        } catch {
            seen.append("refused \(error.status)")
            isOver = true
        }
    }

    private mutating func consume(_ piece: [UInt8]) throws(PlatformError) {
        var input = pending + piece
        pending = []
        while !input.isEmpty, !isOver {
            switch stage {
            case .head:
                guard let length = try head(input) else { return pending = input }
                input.removeFirst(length)
            case .length(let left):
                let taken = min(left, input.count)
                body += input.prefix(taken)
                input.removeFirst(taken)
                stage = .length(left - taken)
                if left == taken { end() }
            case .chunked(let decoder): try chunks(decoder, &input)
            case .untilEnd: return
            }
        }
    }

    /// The length of the head, when all of it is there.
    private mutating func head(_ input: [UInt8]) throws(PlatformError) -> Int? {
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: input.count, alignment: 1)
        bytes.copyBytes(from: input)
        defer { bytes.deallocate() }
        let message = UnsafeRawBufferPointer(bytes)
        guard let end = try scan.end(of: message) else { return nil }
        scan = HeadScan()
        if isRequest, end == 2 { return 2 }
        let length: BodyLength
        if isRequest {
            let head = try RequestHead(message.part(0, end), end: end, fields: fields, maxURIBytes: 1 << 14)
            seen.append(
                "\(message.part(head.target.lowerBound, head.target.upperBound).text) \(head.keepAlive) \(head.body)"
            )
            check(message, head)
            length = head.body
        } else {
            let head = try ResponseHead(message.part(0, end), end: end, fields: fields, hasNoBody: false)
            seen.append("\(head.status) \(head.keepAlive) \(head.body)")
            length = head.body
        }
        switch length {
        case .none, .bytes(0): self.end()
        case .bytes(let count): stage = .length(count)
        case .chunked: stage = .chunked(ChunkDecoder())
        case .untilEnd: stage = .untilEnd
        }
        return end
    }

    /// What is passed on can be read again, and means the same.
    private func check(_ message: UnsafeRawBufferPointer, _ head: RequestHead) {
        let request = ReceivedRequest(
            bytes: message, head: head, fields: fields,
            origin: ConnectionOrigin(address: nil, isSecure: false))
        let host = request.text(head.host)
        _ = HostRouter.route(host: host, target: request.target, listener: .main)
    }

    private mutating func chunks(_ decoder: ChunkDecoder, _ input: inout [UInt8]) throws(PlatformError) {
        var decoder = decoder
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: input.count, alignment: 1)
        bytes.copyBytes(from: input)
        defer { bytes.deallocate() }
        var rest = UnsafeRawBufferPointer(bytes)
        while !decoder.isComplete, let piece = try decoder.next(&rest) {
            switch piece {
            case .data(let data): body += data
            case .trailer(let data): trailer += data
            }
        }
        input.removeFirst(input.count - rest.count)
        stage = .chunked(decoder)
        guard decoder.isComplete else { return precondition(input.isEmpty) }
        let table = FieldTable()
        do {
            try trailer.withUnsafeBytes { _ = try table.read($0, from: 0) }
        } catch {
            throw error as! PlatformError
        }
        end()
    }

    private mutating func end() {
        seen.append("body \(body) trailer \(trailer)")
        (body, trailer, stage) = ([], [], .head)
    }
}
