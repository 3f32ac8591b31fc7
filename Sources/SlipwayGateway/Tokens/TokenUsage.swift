// What an answer says about its tokens.

/// The numbers of a `usage` member, as far as they can be true.
struct TokenUsage: Equatable {
    /// More than any model takes or gives: such a number is a fault, and no sum of what is in flight overflows.
    static let maxTokens = 1 << 24

    private(set) var prompt: Int?
    private(set) var completion: Int?

    mutating func note(_ value: Int, at path: JSONPath) {
        guard value <= Self.maxTokens else { return }
        if value > 0, Self.prompts.contains(path) { prompt = value }
        if Self.completions.contains(path) { completion = value }
    }

    mutating func update(with newer: TokenUsage) {
        prompt = newer.prompt ?? prompt
        completion = newer.completion ?? completion
    }

    /// OpenAI's names and Anthropic's, whose streams begin with a whole message.
    private static let prompts = [
        JSONPath(.usage, .promptTokens), JSONPath(.usage, .inputTokens),
        JSONPath(.message, .usage, .inputTokens),
    ]
    private static let completions = [
        JSONPath(.usage, .completionTokens), JSONPath(.usage, .outputTokens),
        JSONPath(.message, .usage, .outputTokens),
    ]
}

/// Reads a whole answer, or one event of a stream.
struct UsageReader: JSONReader {
    private(set) var usage = TokenUsage()
    private var isChat = false
    private var hasContent = false

    /// Whether an event brings something of the answer: in OpenAI's form the first and the last ones do not.
    var bringsTokens: Bool { hasContent || !isChat }

    mutating func member(at path: JSONPath) {
        if path == Self.choices { isChat = true }
    }

    mutating func text(_ count: Int, at path: JSONPath) {
        if !hasContent { hasContent = Self.contents.contains(path) }
    }

    mutating func number(_ value: Int, at path: JSONPath) { usage.note(value, at: path) }

    private static let choices = JSONPath(.choices)
    private static let contents = [
        JSONPath(.choices, .element, .delta, .content), JSONPath(.choices, .element, .text),
        JSONPath(.choices, .element, .delta, .reasoningContent),
        JSONPath(.choices, .element, .delta, .reasoning),
        JSONPath(.choices, .element, .delta, .toolCalls, .element, .function, .arguments),
    ]
}
