// Where in a JSON document a value stands, as far as counting tokens needs to know.

/// The names of members that mean something; all others are `other`.
enum JSONKey: UInt8, CaseIterable {
    case other = 1
    /// Of an array.
    case element
    case messages, prompt, input, content, text
    case choices, delta, reasoning, reasoningContent, toolCalls, function, arguments
    case message, usage, promptTokens, completionTokens, inputTokens, outputTokens

    private var name: StaticString {
        switch self {
        case .other, .element: ""
        case .messages: "messages"
        case .prompt: "prompt"
        case .input: "input"
        case .content: "content"
        case .text: "text"
        case .choices: "choices"
        case .delta: "delta"
        case .reasoning: "reasoning"
        case .reasoningContent: "reasoning_content"
        case .toolCalls: "tool_calls"
        case .function: "function"
        case .arguments: "arguments"
        case .message: "message"
        case .usage: "usage"
        case .promptTokens: "prompt_tokens"
        case .completionTokens: "completion_tokens"
        case .inputTokens: "input_tokens"
        case .outputTokens: "output_tokens"
        }
    }

    private static let names: [(name: JSONName, key: JSONKey)] = allCases.compactMap { key in
        var name = JSONName()
        name.append(UnsafeRawBufferPointer(start: key.name.utf8Start, count: key.name.utf8CodeUnitCount))
        return key.name.utf8CodeUnitCount == 0 ? nil : (name, key)
    }

    init(_ name: JSONName) {
        self = .other
        for index in Self.names.indices where Self.names[index].name == name {
            self = Self.names[index].key
        }
    }
}

/// The name of a member as it is read, byte by byte: its length, its first and its last eight bytes, by which the names
/// that mean something differ from each other and from all that anybody uses.
struct JSONName: Equatable {
    private var first: UInt64 = 0
    private var last: UInt64 = 0
    private var count = 0

    mutating func append(_ part: UnsafeRawBufferPointer) {
        for byte in part {
            if count < 8 { first = first << 8 | UInt64(byte) }
            last = last << 8 | UInt64(byte)
            count += 1
        }
    }

    /// Names are compared as they are written: one with an escape means nothing.
    mutating func spoil() { count += 1000 }
}

/// The members and elements on the way to a value: one byte for each, the innermost last.
struct JSONPath: Equatable {
    /// Deeper values are passed over.
    static let maxDepth = 8
    private var code: UInt64 = 0

    init(_ keys: JSONKey...) {
        for key in keys { push(key) }
    }

    mutating func push(_ key: JSONKey) { code = code << 8 | UInt64(key.rawValue) }
    mutating func pop() { code >>= 8 }
    mutating func replaceLast(_ key: JSONKey) { code = code & ~0xff | UInt64(key.rawValue) }
}
