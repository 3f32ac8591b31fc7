// What is made of the bytes of requests and answers, whoever sends them.

import Testing

@testable import SlipwayGateway

/// In pieces of every size a document is the same.
private func promptBytes(_ text: String, piece: Int? = nil) -> Double {
    var prompt = PromptText()
    for part in pieces(Array(text.utf8), piece) { part.withUnsafeBytes { prompt.read($0) } }
    return prompt.bytes
}

private func answer(_ bytes: [UInt8], piece: Int? = nil) -> AnswerTokens {
    var answer = AnswerTokens()
    for part in pieces(bytes, piece) { part.withUnsafeBytes { answer.read($0) } }
    answer.end()
    return answer
}

private func answer(_ text: String, piece: Int? = nil) -> AnswerTokens {
    answer(Array(text.utf8), piece: piece)
}

private func pieces(_ bytes: [UInt8], _ size: Int?) -> [[UInt8]] {
    let size = size ?? max(1, bytes.count)
    return stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<min($0 + size, bytes.count)]) }
}

struct PromptTextTests {
    @Test(
        "the text for the model is found wherever OpenAI's forms have it, and nothing else",
        arguments: [
            (#"{"prompt": "12345"}"#, 5), (#"{"prompt": ["123", "45"], "n": 3}"#, 5),
            (#"{"input": "1234"}"#, 4), (#"{"input":["1","2"]}"#, 2),
            (#"{"messages":[{"role":"system","content":"123"},{"role":"user","content":"4567"}]}"#, 7),
            (
                #"{"messages":[{"role":"user","content":[{"type":"text","text":"123"},{"type":"image_url","image_url":{"url":"data:xxxx"}}]}]}"#,
                3
            ),
            (#"{"input":[{"role":"user","content":[{"type":"input_text","text":"12"}]}]}"#, 2),
            (#"{"input":[{"role":"user","content":"123"}], "model":"m"}"#, 3),
            (#"{"model":"long-name","text":"no","content":"no","x":{"prompt":"no"}}"#, 0),
            (#"{"a":[[{"prompt":"no"}],{"b":{"c":"}\"]"}}],"prompt":"12"}"#, 2),
            (#"{"prompt":"\n\t\"\\\u0041\u00e9\u20ac\ud83d\ude00"}"#, 4 + 1 + 2 + 3 + 4),
            (#"{"p\u0072ompt":"no","prompts":"no","promp":"no"}"#, 0), (#"{"prompt":null,"input":7}"#, 0),
            (#"{"prompt":"ü€"}"#, 5),
        ] as [(String, Int)])
    func forms(body: String, expected: Int) {
        for piece in [nil, 1, 2, 3, 7] {
            #expect(promptBytes(body, piece: piece) == Double(expected))
        }
    }

    @Test(
        "prompts that come as numbers of tokens are counted, and nothing is learnt of bytes from them",
        arguments: [
            (#"{"prompt":[101,7,9]}"#, 3), (#"{"prompt": [[1, 2], [3]], "seed": 4}"#, 3),
            (#"{"input":[[1],[2]]}"#, 2), (#"{"prompt":7,"n":[1]}"#, 0),
        ])
    func numbers(body: String, expected: Int) {
        for piece in [nil, 1, 3] {
            var prompt = PromptText()
            for part in pieces(Array(body.utf8), piece) { part.withUnsafeBytes { prompt.read($0) } }
            #expect(prompt.tokens == Double(expected) && prompt.bytes == 0)
        }
        let ratios = TokenRatios()
        let meter = TokenMeter(ratios)
        Array(body.utf8).withUnsafeBytes { meter.read(request: $0) }
        #expect(meter.tokens == expected)
        Array(#"{"usage":{"prompt_tokens":900}}"#.utf8).withUnsafeBytes { meter.read(answer: $0) }
        meter.complete()
        #expect(ratios.perByte.value == 0.25)
    }

    @Test(
        "what is no JSON object is no prompt",
        arguments: ["", "prompt", "[\"a\"]", "\"prompt\"", "\u{1}{}", "{", "7"])
    func nothing(body: String) { #expect(promptBytes(body) == 0) }

    @Test("any bytes and any depth come to an end, in constant memory")
    func hostile() {
        var random = SystemRandomNumberGenerator()
        let alphabet = Array(#"{}[]":,\u0019prompt messages"#.utf8) + [0, 0xff]
        for _ in 0..<2000 {
            let bytes = (0..<200).map { _ in alphabet.randomElement(using: &random) ?? 0 }
            var prompt = PromptText()
            (Array(#"{"prompt":["#.utf8) + bytes).withUnsafeBytes { prompt.read($0) }
            #expect(prompt.bytes >= 0 && prompt.bytes <= 220)
            #expect(answer(bytes).streamed(TokenRatios()) <= 200)
        }
        let deep = String(repeating: #"{"a":["#, count: 100_000)
        #expect(promptBytes(deep) == 0)
        #expect(
            promptBytes(
                #"{"a":"# + String(repeating: "[", count: 50) + String(repeating: "]", count: 50)
                    + #","prompt":"12"}"#) == 2)
        #expect(promptBytes(String(repeating: "]", count: 1000)) == 0)
        #expect(promptBytes(#"{"prompt":"1"}}}}]]]]{"prompt":"22"}"#) == 1)
    }

    @Test("of a body beyond the limit the rest counts as the part that was looked at")
    func large() {
        let size = PromptText.maxScanned
        let text = promptBytes(#"{"prompt":""# + String(repeating: "a", count: 2 * size), piece: 65536)
        #expect(abs(text - Double(2 * size)) < 100)
        let image = #"{"prompt":"1234","image":""# + String(repeating: "a", count: 2 * size)
        #expect((8.0...9).contains(promptBytes(image, piece: 65536)))
    }
}

struct AnswerTokensTests {
    private func event(_ content: String) -> String {
        #"data: {"id":"x","choices":[{"index":0,"delta":{"content":"\#(content)"}}]}"# + "\n\n"
    }
    private let first = #"data: {"choices":[{"delta":{"role":"assistant","content":""}}]}"# + "\n\n"
    private let last = #"data: {"choices":[{"delta":{},"finish_reason":"stop"}]}"# + "\n\n"
    private let usage =
        #"data: {"choices":[],"usage":{"prompt_tokens":11,"completion_tokens":7,"total_tokens":18}}"# + "\n\n"

    @Test("events that bring something are counted; the usage of the last one stands")
    func events() {
        let stream = first + event("a") + event("b") + event("\\n") + last
        for piece in [nil, 1, 3, 10] {
            #expect(answer(stream, piece: piece).events == 3)
            let told = answer(stream + usage + "data: [DONE]\n\n", piece: piece)
            #expect(told.events == 3)
            #expect((told.usage.prompt, told.usage.completion) == (11, 7))
            #expect(told.streamed(TokenRatios()) == 7)
        }
    }

    @Test("a stream that begins with a whole message tells of the prompt at once")
    func message() {
        let start =
            #"event: message_start"# + "\n"
            + #"data: {"type":"message_start","message":{"id":"m","usage":{"input_tokens":25,"output_tokens":1}}}"#
            + "\n\n"
        let piece =
            "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"text\":\"a\"}}\n\n"
        let end =
            "event: message_delta\ndata: {\"type\":\"message_delta\",\"usage\":{\"output_tokens\":15}}\n\n"
        #expect(answer(start).usage.prompt == 25)
        #expect(answer(start + piece + piece).streamed(TokenRatios()) == 3)
        #expect(answer(start + piece + end).usage.completion == 15)
    }

    @Test("servers that say with every event how far they are, are believed; later events are added")
    func running() {
        let so =
            #"data: {"choices":[{"text":"x"}],"usage":{"prompt_tokens":1,"completion_tokens":20}}"# + "\n\n"
        #expect(answer(event("a") + so + event("b") + event("c")).streamed(TokenRatios()) == 22)
    }

    @Test("other forms of streams count as well")
    func otherForms() {
        #expect(
            answer("event: token\ndata: hello\n\ndata:  world\r\n\r\n: ping\n\nid: 3\ndata:\n\n").events == 2)
        #expect(answer("data: {\"token\": \"x\"}\n\ndata: {\"token\": \"y\"}\n\n").events == 2)
        #expect(answer("data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"x\"}}]}\n\n").events == 1)
        #expect(answer("Once upon a time").streamed(TokenRatios()) == 4)
        #expect(answer("\n\n  data: x\n\n").events == 1)
        #expect(answer([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0]).streamed(TokenRatios()) == 0)
        #expect(answer([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]).streamed(TokenRatios()) == 0)
        #expect(answer("").events == nil)
    }

    @Test("a whole answer tells its usage and streams nothing")
    func document() {
        let body =
            #"{"id":"x","choices":[{"message":{"content":"hello"}}],"usage":{"prompt_tokens":5,"completion_tokens":9}}"#
        for piece in [nil, 1, 4] {
            let answer = answer(body, piece: piece)
            #expect((answer.usage.prompt, answer.usage.completion) == (5, 9))
            #expect(answer.streamed(TokenRatios()) == 0)
        }
    }

    @Test(
        "numbers that cannot be true are passed over",
        arguments: [
            "-5", "1.5", "1e3", "99999999999999999999999", "16777217", "\"7\"", "null", "true", "[7]", "0x10",
            "{}",
        ])
    func bad(number: String) {
        let body = #"{"usage":{"prompt_tokens":"# + number + #","completion_tokens":"# + number + "}}"
        #expect(answer(body).usage == TokenUsage())
        #expect(answer("data: " + body + "\n\n").usage == TokenUsage())
    }

    @Test("what a model says in its text is not its usage, and a huge event is one event")
    func quoted() {
        let text =
            #"{"choices":[{"message":{"content":"{\"usage\":{\"prompt_tokens\":9}}","usage":{"prompt_tokens":9}}}]}"#
        #expect(answer(text).usage == TokenUsage())
        let huge = String(repeating: "a", count: 3 * AnswerEvents.maxScanned)
        #expect(answer(event(huge) + event("b") + usage, piece: 1000).events == 2)
    }
}

struct TokenRatioTests {
    @Test("usual answers move the ratio to what they say")
    func learns() {
        let ratio = TokenRatio(first: 0.25, limits: 1.0 / 64...16)
        for _ in 0..<200 { ratio.learn(units: 1000, tokens: 500) }
        #expect(abs(ratio.value - 0.5) < 0.01)
        for _ in 0..<1000 { ratio.learn(units: 1000, tokens: 100) }
        #expect(abs(ratio.value - 0.1) < 0.02)
    }

    @Test("no answer turns it over, and it stays within its limits")
    func odd() {
        let ratio = TokenRatio(first: 0.25, limits: 1.0 / 64...16)
        for _ in 0..<20 { ratio.learn(units: 4000, tokens: 1000) }
        ratio.learn(units: 1, tokens: 1 << 24)
        #expect((0.2...0.3).contains(ratio.value))
        for (units, tokens) in [(0.0, 5), (5, 0), (-1, 5), (.nan, 5)] {
            ratio.learn(units: units, tokens: tokens)
        }
        #expect((0.2...0.3).contains(ratio.value))
        for _ in 0..<10_000 { ratio.learn(units: 1, tokens: 1 << 24) }
        #expect(ratio.value > 1 && ratio.value <= 16)
        for _ in 0..<10_000 { ratio.learn(units: 1e8, tokens: 1) }
        #expect(ratio.value >= 1.0 / 64)
    }
}
