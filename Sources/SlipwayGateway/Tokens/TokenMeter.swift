// The tokens that one request has in flight: those of its prompt and those streamed so far. Bytes are looked at as they
// pass, none is kept. Used on its loop only.

final class TokenMeter {
    private var prompt = PromptText()
    private var answer = AnswerTokens()
    /// Of the deployment that the request is for.
    var ratios: TokenRatios
    /// What the books have of it.
    var booked = 0

    init(_ ratios: TokenRatios) { self.ratios = ratios }

    func read(request bytes: UnsafeRawBufferPointer) { prompt.read(bytes) }

    func read(answer bytes: UnsafeRawBufferPointer) { answer.read(bytes) }

    /// Whole tokens; what the answer says stands before what is estimated.
    var tokens: Int {
        let asked =
            answer.usage.prompt.map(Double.init) ?? prompt.tokens + prompt.bytes * ratios.perByte.value
        return Int(min(asked + answer.streamed(ratios), Double(TokenUsage.maxTokens)))
    }

    /// Learns from an answer that has come completely.
    func complete() {
        answer.end()
        let usage = answer.usage
        if let tokens = usage.prompt, prompt.isExact, prompt.tokens == 0 {
            ratios.perByte.learn(units: prompt.bytes, tokens: tokens)
        }
        if let tokens = usage.completion, let events = answer.events {
            ratios.perEvent.learn(units: Double(events), tokens: tokens)
        }
    }
}
