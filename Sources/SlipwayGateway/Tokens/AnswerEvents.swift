// Counts the events of a stream (`text/event-stream`) as they pass by.

struct AnswerEvents {
    /// Bytes of one event that are looked at: the numbers of `usage` come in short ones.
    static let maxScanned = 64 << 10
    private static let fieldName: [UInt8] = Array("data:".utf8)

    private enum Stage {
        /// So many bytes of the line are those of `fieldName`.
        case name(Int)
        /// Between the name and its value.
        case value
        case document
        /// Nothing more is to be learnt from the line.
        case rest
    }

    /// Events that brought something.
    private(set) var count = 0
    private(set) var usage = TokenUsage()
    /// Events that had come when `usage` came.
    private(set) var countAtUsage = 0

    private var stage = Stage.name(0)
    private var scanner = JSONScanner()
    private var reader = UsageReader()
    private var scanned = 0
    private var bringsTokens = false

    mutating func read(_ bytes: UnsafeRawBufferPointer) {
        var start = 0
        while start < bytes.count {
            var end = start
            while end < bytes.count, bytes[end] != 10, bytes[end] != 13 { end += 1 }
            readLine(bytes.part(start, end))
            if end < bytes.count { endLine() }
            start = end + 1
        }
    }

    private mutating func readLine(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes
        while let byte = rest.first {
            switch stage {
            case .name(let matched):
                guard byte == Self.fieldName[matched] else { return stage = .rest }
                stage = matched + 1 < Self.fieldName.count ? .name(matched + 1) : .value
                rest = rest.part(1, rest.count)
            case .value:
                if byte == 32 { rest = rest.part(1, rest.count) } else { beginValue(byte) }
            case .document: return readDocument(rest)
            case .rest: return
            }
        }
    }

    private mutating func beginValue(_ byte: UInt8) {
        guard byte == UInt8(ascii: "{") else {
            // Text of some other form counts; `[DONE]` does not.
            bringsTokens = byte != UInt8(ascii: "[")
            return stage = .rest
        }
        (scanner, reader, scanned) = (JSONScanner(), UsageReader(), 0)
        stage = .document
    }

    private mutating func readDocument(_ bytes: UnsafeRawBufferPointer) {
        let part = bytes.part(0, min(bytes.count, Self.maxScanned - scanned))
        scanned += part.count
        scanner.scan(part, for: &reader)
    }

    /// The line has ended, or the answer with it.
    mutating func endLine() {
        if case .document = stage {
            bringsTokens = reader.bringsTokens
            if reader.usage != TokenUsage() { usage.update(with: reader.usage) }
        }
        if bringsTokens { count += 1 }
        if case .document = stage, reader.usage.completion != nil { countAtUsage = count }
        bringsTokens = false
        stage = .name(0)
    }
}
