// What has been streamed of an answer and what the answer says about it. Replicas say little in their heads (a Truss
// streams everything as `application/octet-stream`), so its form is told by its first bytes.

struct AnswerTokens {
    private enum Form {
        /// The first bytes, too few to tell.
        case unknown([UInt8])
        case events(AnswerEvents)
        /// JSON, whole at the end.
        case document(JSONScanner, UsageReader, scanned: Int)
        /// Bytes of text.
        case text(Int)
        /// Images, sound, what is compressed.
        case other
    }

    /// Bytes of an answer in JSON that are looked at.
    static let maxScanned = 4 << 20
    /// The longest beginning of a stream, `event:` or `retry:`.
    private static let opening = 6
    private static let fields = ["data:", "event:", "retry:", "id:", ":"].map { Array($0.utf8) }

    private var form = Form.unknown([])

    mutating func read(_ bytes: UnsafeRawBufferPointer) {
        // Taken out, so that it is changed in place.
        let current = form
        form = .other
        switch current {
        case .unknown(let first): begin(first, bytes)
        case .events(var events):
            events.read(bytes)
            form = .events(events)
        case .document(var scanner, var reader, let scanned):
            let part = bytes.part(0, min(bytes.count, Self.maxScanned - scanned))
            scanner.scan(part, for: &reader)
            form = .document(scanner, reader, scanned: scanned + part.count)
        case .text(let count): form = .text(count + bytes.count)
        case .other: break
        }
    }

    private mutating func begin(_ first: [UInt8], _ bytes: UnsafeRawBufferPointer) {
        var first = first
        var rest = bytes
        while let byte = rest.first, first.count < Self.opening {
            if !first.isEmpty || !JSONScanner.isBlank(byte) { first.append(byte) }
            rest = rest.part(1, rest.count)
            // Nothing else begins like that, and short answers are told too.
            if first == [UInt8(ascii: "{")] { break }
        }
        guard let known = Self.form(of: first) else { return form = .unknown(first) }
        form = known
        first.withUnsafeBytes { read($0) }
        read(rest)
    }

    private static func form(of first: [UInt8]) -> Form? {
        guard let byte = first.first else { return nil }
        if byte == UInt8(ascii: "{") { return .document(JSONScanner(), UsageReader(), scanned: 0) }
        if fields.contains(where: first.starts) { return .events(AnswerEvents()) }
        guard first.count == opening else { return nil }
        // No text begins with a control character, nor with a byte that goes on with or cannot be in UTF-8.
        return byte < 32 || (0x7f..<0xc2).contains(byte) || byte > 0xf4 ? .other : .text(0)
    }

    /// The answer has come to its end.
    mutating func end() {
        guard case .events(var events) = form else { return }
        events.endLine()
        form = .events(events)
    }

    var usage: TokenUsage {
        switch form {
        case .events(let events): events.usage
        case .document(_, let reader, _): reader.usage
        case .unknown, .text, .other: TokenUsage()
        }
    }

    /// Events of a stream; nil for other answers.
    var events: Int? {
        if case .events(let events) = form { events.count } else { nil }
    }

    /// Tokens that were streamed so far.
    func streamed(_ ratios: TokenRatios) -> Double {
        switch form {
        case .events(let events):
            // Some servers say with every event how far they are.
            let known = events.usage.completion ?? 0
            return Double(known) + Double(events.count - events.countAtUsage) * ratios.perEvent.value
        case .text(let bytes): return Double(bytes) * ratios.perByte.value
        case .unknown, .document, .other: return 0
        }
    }
}
