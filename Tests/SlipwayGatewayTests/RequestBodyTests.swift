import NIOCore
import Testing

@testable import SlipwayGateway

struct RequestBodyTests {
    private func next(_ body: inout RequestBody) -> String? { body.next().map { String(buffer: $0) } }
    private func rewound(_ body: inout RequestBody) -> Bool { body.rewind() }

    @Test("a small body can be sent again from its first byte")
    func rewinds() {
        var body = RequestBody(replayLimit: 10)
        body.append(ByteBuffer(string: "abc"))
        #expect(next(&body) == "abc")
        body.append(ByteBuffer(string: "def"))
        #expect(body.waiting == 3)
        #expect(rewound(&body) == true)
        #expect(body.waiting == 6)
        #expect(next(&body) == "abc")
        #expect(next(&body) == "def")
        #expect(next(&body) == nil)
    }

    @Test("a body beyond the limit is let go as it is sent")
    func letsGo() {
        var body = RequestBody(replayLimit: 4)
        body.append(ByteBuffer(string: "abc"))
        _ = body.next()
        body.append(ByteBuffer(string: "def"))
        #expect(next(&body) == "def")
        #expect(next(&body) == nil)
        #expect(body.waiting == 0)
        #expect(rewound(&body) == false)
    }

    @Test("a large body of which nothing was sent can still go elsewhere")
    func untouched() {
        var body = RequestBody(replayLimit: 4)
        body.append(ByteBuffer(string: "abcdef"))
        #expect(rewound(&body) == true)
        _ = body.next()
        #expect(rewound(&body) == false)
    }

    @Test("bytes that come after starting over do not cost the first ones")
    func growsAfterRewind() {
        var body = RequestBody(replayLimit: 4)
        body.append(ByteBuffer(string: "abc"))
        _ = body.next()
        #expect(rewound(&body) == true)
        body.append(ByteBuffer(string: "def"))
        #expect(body.waiting == 6)
        #expect(next(&body) == "abc")
        #expect(next(&body) == "def")
    }
}
