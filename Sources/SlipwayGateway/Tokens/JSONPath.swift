// Where in a JSON document a value stands, as far as counting tokens needs to know.

/// The names of members that mean something; all others are `other`.
enum JSONKey: UInt8, CaseIterable {
    case other = 1
    /// Of an array.
    case element
    case messages, prompt, input, content, text
    case choices, delta, reasoning, reasoningContent, toolCalls, function, arguments
    case usage, promptTokens, completionTokens, inputTokens, outputTokens

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
        case .usage: "usage"
        case .promptTokens: "prompt_tokens"
        case .completionTokens: "completion_tokens"
        case .inputTokens: "input_tokens"
        case .outputTokens: "output_tokens"
        }
    }

    private static let names: [(text: JSONName, key: JSONKey)] = allCases.compactMap { key in
        var text = JSONName()
        text.append(UnsafeRawBufferPointer(start: key.name.utf8Start, count: key.name.utf8CodeUnitCount))
        return key.name.utf8CodeUnitCount == 0 ? nil : (text, key)
    }

    init(_ name: JSONName) {
        self = Self.names.first { $0.text == name }?.key ?? .other
    }
}

/// The name of a member as it is read, byte by byte, in a fixed room: longer ones mean nothing here.
struct JSONName: Equatable {
    private static let room = 32
    private var bytes = SIMD32<UInt8>()
    private var count = 0

    mutating func append(_ part: UnsafeRawBufferPointer) {
        for byte in part.prefix(Self.room - count) {
            bytes[count] = byte
            count += 1
        }
        // No name that means something fills the room.
        if count == Self.room { bytes = SIMD32(repeating: 0xff) }
    }

    /// Names are compared as they are written: one with an escape means nothing.
    mutating func spoil() {
        bytes = SIMD32(repeating: 0xff)
        count = Self.room
    }
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
