// What one request may cost: a short document must not make the server work long or answer much.

public struct GraphQLLimits: Sendable {
    /// Names, values and punctuation of a document.
    public var tokens = 10_000
    /// Fields of a document, nested ones too; aliases make as many as they are.
    public var fields = 1000
    /// Fields an operation asks for at its root: each is resolved by itself.
    public var rootFields = 32
    /// Bytes of an answer, about; also a measure of the memory it takes until it is sent.
    public var answerBytes = 16 << 20

    public init() {}
}

/// How much of an answer is left to be filled.
struct AnswerBudget {
    private let limit: Int
    private var left: Int

    /// What a value takes beside its text.
    private static let overhead = 32

    init(_ limits: GraphQLLimits) {
        limit = limits.answerBytes
        left = limit
    }

    /// - Throws: `GraphQLFailure` when the answer would get too large.
    mutating func take(_ value: GraphQLValue, named name: String = "") throws(GraphQLFailure) {
        var bytes = Self.overhead + name.utf8.count
        if case .string(let text) = value { bytes += text.utf8.count }
        left -= bytes
        if left < 0 {
            throw GraphQLFailure(
                code: "ANSWER_TOO_LARGE",
                message: "The answer would be larger than \(limit) bytes; ask for fewer fields at once.")
        }
    }
}
