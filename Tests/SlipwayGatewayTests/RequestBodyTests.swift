import SlipwaySockets
import Testing

@testable import SlipwayGateway

struct RequestBodyTests {
    private func append(_ text: String, to body: inout RequestBody, isChunked: Bool = false) {
        withBytes(text) { body.append($0, isChunked: isChunked) }
    }

    private func next(_ body: inout RequestBody) -> String {
        let text = body.handOut().text
        body.wasHandedOut()
        return text
    }

    private func rewound(_ body: inout RequestBody) -> Bool { body.rewind() }

    @Test("a small request can be sent again from its first byte")
    func rewinds() {
        var body = RequestBody(replayLimit: 10)
        body.writeFields { $0.append("H\r\n\r\n") }
        append("abc", to: &body)
        let first = next(&body)
        #expect(first == "H\r\n\r\nabc")
        append("def", to: &body)
        let waiting = body.waiting
        #expect(waiting == 3)
        let isRewound = rewound(&body)
        #expect(isRewound)
        let again = next(&body)
        #expect(again == "H\r\n\r\nabcdef")
        let (isEmpty, received) = (body.isEmpty, body.received)
        #expect(isEmpty)
        #expect(received == 6)
    }

    @Test("a body beyond the limit is let go as it is sent")
    func letsGo() {
        var body = RequestBody(replayLimit: 4)
        append("abc", to: &body)
        _ = next(&body)
        append("def", to: &body)
        let second = next(&body)
        #expect(second == "def")
        let kept = body.message.count
        #expect(kept == 0)
        let isRewound = rewound(&body)
        #expect(!isRewound)
    }

    @Test("a large body of which nothing was sent can still go elsewhere")
    func untouched() {
        var body = RequestBody(replayLimit: 4)
        append("abcdef", to: &body)
        let before = rewound(&body)
        #expect(before)
        _ = next(&body)
        let after = rewound(&body)
        #expect(!after)
    }

    @Test("a chunked body is framed again, with its trailer")
    func chunked() {
        var body = RequestBody(replayLimit: 100)
        append("0123456789abcdef!", to: &body, isChunked: true)
        withBytes("T: 1\r\n") { body.complete(isChunked: true, trailer: $0) }
        let all = next(&body)
        #expect(all == "11\r\n0123456789abcdef!\r\n0\r\nT: 1\r\n\r\n")
    }
}
