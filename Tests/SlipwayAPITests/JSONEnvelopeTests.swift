// One member set aside as it was written.

import Testing

@testable import SlipwayAPI

@Suite struct JSONEnvelopeTests {
    @Test(
        "the member's text is kept to the byte and null stands in its place",
        arguments: [
            (
                #"{"model_input": {"a": [1.10, "}"]} , "b": 2}"#, #"{"a": [1.10, "}"]}"#,
                #"{"model_input": null , "b": 2}"#
            ),
            (
                #"{"b":"model_input","model_input":123456789012345678901234567890}"#,
                "123456789012345678901234567890", #"{"b":"model_input","model_input":null}"#
            ),
            (
                #"{"x":{"model_input":1},"model_input":"a\"b\\"}"#, #""a\"b\\""#,
                #"{"x":{"model_input":1},"model_input":null}"#
            ),
            (#"{"model_input":null}"#, "null", #"{"model_input":null}"#),
        ])
    func found(text: String, value: String, rest: String) {
        let envelope = JSONEnvelope(Array(text.utf8), member: "model_input")
        #expect(envelope.value.map { String(decoding: $0, as: UTF8.self) } == value)
        #expect(String(decoding: envelope.rest, as: UTF8.self) == rest)
    }

    @Test(
        "anything else is left as it is for the decoder to refuse",
        arguments: [
            "", "[]", "{}", "{", #"{"model_input"#, #"{"model_input":"#, #"{"model_input":{"#, #"{"a":1}"#,
            #"{"model_input" 1}"#, #"{"model_input":"\"#, #"{"model_input":}"#,
        ])
    func notFound(text: String) {
        let envelope = JSONEnvelope(Array(text.utf8), member: "model_input")
        #expect(envelope.value == nil)
        #expect(envelope.rest == Array(text.utf8))
    }

    @Test("submissions name what is wrong with them")
    func submissions() throws {
        let good = try AsyncPredictRequest(
            decoding: Array(
                #"{"model_input": {"a": 1.10}, "priority": 2, "inference_retry_config": {"max_attempts": 4}}"#
                    .utf8))
        #expect(good.modelInput == Array(#"{"a": 1.10}"#.utf8) && good.priority == 2 && good.maxAttempts == 4)
        for (text, name) in [
            ("{}", "model_input"), (#"{"model_input": [1]}"#, "model_input"),
            (#"{"model_input": {}, "webhook": "x"}"#, "webhook"), (#"{"model_input": tru}"#, "model_input"),
            (#"{"model_input": {}, "priority": 5}"#, "priority"),
            (#"{"model_input": {}, "inference_retry_config": 7}"#, "inference_retry_config"),
        ] {
            let error = #expect(throws: BadRequest.self) {
                try AsyncPredictRequest(decoding: Array(text.utf8))
            }
            #expect(error?.message.contains(name) == true)
        }
    }
}
