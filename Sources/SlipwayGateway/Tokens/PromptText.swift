// How much text for the model is in the body of a request that looks like OpenAI's, measured as it passes by.

struct PromptText {
    /// Bytes that are looked at; of a larger body the rest is taken to hold as much text as these.
    static let maxScanned = 1 << 20

    private var scanner = JSONScanner()
    private var reader = PromptReader()
    private var received = 0
    private var scanned = 0

    mutating func read(_ bytes: UnsafeRawBufferPointer) {
        received += bytes.count
        let part = bytes.part(0, min(bytes.count, Self.maxScanned - scanned))
        scanned += part.count
        scanner.scan(part, for: &reader)
    }

    /// Whether everything that came was looked at.
    var isExact: Bool { scanned == received }

    /// Bytes of text that came so far.
    var bytes: Double { whole(reader.bytes) }

    /// Numbers of tokens, which some clients send instead of text.
    var tokens: Double { whole(reader.tokens) }

    private func whole(_ count: Int) -> Double {
        isExact ? Double(count) : Double(count) * Double(received) / Double(scanned)
    }
}

private struct PromptReader: JSONReader {
    /// `messages` and `prompt` of chats and completions; `input` of embeddings (texts) and responses (messages).
    private static let texts = [
        JSONPath(.messages, .element, .content), JSONPath(.messages, .element, .content, .element, .text),
        JSONPath(.prompt), JSONPath(.prompt, .element), JSONPath(.input), JSONPath(.input, .element),
        JSONPath(.input, .element, .content), JSONPath(.input, .element, .content, .element, .text),
    ]

    /// One prompt as numbers of tokens, or several.
    private static let numbers = [
        JSONPath(.prompt, .element), JSONPath(.prompt, .element, .element), JSONPath(.input, .element),
        JSONPath(.input, .element, .element),
    ]

    private(set) var bytes = 0
    private(set) var tokens = 0

    mutating func member(at path: JSONPath) {}
    mutating func number(_ value: Int, at path: JSONPath) {
        if Self.numbers.contains(path) { tokens += 1 }
    }
    mutating func text(_ count: Int, at path: JSONPath) {
        if Self.texts.contains(path) { bytes += count }
    }
}
