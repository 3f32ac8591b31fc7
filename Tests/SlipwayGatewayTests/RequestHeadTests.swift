import SlipwayCore
import Testing

@testable import SlipwayGateway

struct RequestHeadTests {
    /// What a head says, copied out of its bytes.
    struct Read: Equatable {
        var method = RequestHead.Method.get
        var target = ""
        var host = ""
        var body = BodyLength.none
        var keepAlive = true
        var fields: [String] = []
    }

    private func read(_ text: String, maxURIBytes: Int = 100) throws -> Read {
        try withBytes(text) { bytes in
            var scan = HeadScan()
            let end = try #require(try scan.end(of: bytes))
            let table = FieldTable()
            let message = UnsafeRawBufferPointer(rebasing: bytes[..<end])
            let head = try RequestHead(message, end: end, fields: table, maxURIBytes: maxURIBytes)
            return Read(
                method: head.method,
                target: message.part(head.target.lowerBound, head.target.upperBound).text,
                host: message.part(head.host.lowerBound, head.host.upperBound).text, body: head.body,
                keepAlive: head.keepAlive,
                fields: (0..<table.count).map { message.value(of: table[$0]).text })
        }
    }

    private func status(_ text: String) -> Int? {
        do {
            _ = try read(text)
            return nil
        } catch let error as PlatformError {
            return error.status
        } catch {
            return -1
        }
    }

    static let good: [(text: String, expected: Read)] = [
        (
            "POST /p?q HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n",
            Read(method: .post, target: "/p?q", host: "a", body: .bytes(12), fields: ["a", "12"])
        ),
        (
            "GET / HTTP/1.1\r\nhOsT:\ta:80 \r\nX: \r\n\r\n",
            Read(target: "/", host: "a:80", fields: ["a:80", ""])
        ),
        ("GET / HTTP/1.0\r\n\r\n", Read(target: "/", keepAlive: false)),
        (
            "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
            Read(target: "/", keepAlive: true, fields: ["Keep-Alive"])
        ),
        (
            "PUT / HTTP/1.1\r\nHost: a\r\nConnection: x, CLOSE\r\nTransfer-Encoding: Chunked\r\n\r\n",
            Read(
                method: .put, target: "/", host: "a", body: .chunked, keepAlive: false,
                fields: ["a", "x, CLOSE", "Chunked"])
        ),
        (
            "GET http://model-a.x:1/p?q HTTP/1.1\r\nHost: b\r\n\r\n",
            Read(target: "/p?q", host: "model-a.x:1", fields: ["b"])
        ),
        ("GET http://a?q HTTP/1.1\r\nHost: b\r\n\r\n", Read(target: "?q", host: "a", fields: ["b"])),
        (
            "OPTIONS * HTTP/1.1\r\nHost: b\r\n\r\n",
            Read(method: .options, target: "*", host: "b", fields: ["b"])
        ),
        ("brew / HTTP/1.1\r\nHost: b\r\n\r\n", Read(method: .other, target: "/", host: "b", fields: ["b"])),
        (
            "GET / HTTP/1.1\r\nHost: b\r\nX: caf\u{e9}\r\n\r\n",
            Read(target: "/", host: "b", fields: ["b", "caf\u{e9}"])
        ),
    ]

    @Test("a well-formed head is read", arguments: good)
    func reads(_ row: (text: String, expected: Read)) throws {
        #expect(try read(row.text) == row.expected)
    }

    static let bad: [(text: String, status: Int)] = [
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\ncontent-length: 1\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \u{b}chunked\r\n\r\n", 400),
        ("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 1\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nX: 1\r\n folded\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\n: empty\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\n\rX: a\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nX: \u{0}\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nX\u{0}: 1\r\n\r\n", 400),
        ("POST / HTTP/1.1\nHost: a\n\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\n\r\n", 400),
        ("POST /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("POST  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("POST / HTTP/1.1 \r\nHost: a\r\n\r\n", 400),
        ("POST /\r\nHost: a\r\n\r\n", 400),
        ("POST / http/1.1\r\nHost: a\r\n\r\n", 400),
        ("POST / HTTP/1.\r\nHost: a\r\n\r\n", 400),
        ("POST / HTTP/1.2\r\nHost: a\r\n\r\n", 505),
        ("POST / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        ("P(ST / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("POST /caf\u{e9} HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("POST /#x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("POST ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("POST http:///x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("POST http://user@a/x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("POST relative HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("POST /\(String(repeating: "x", count: 100)) HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        ("POST / HTTP/1.1\r\nHost: a\r\n\(String(repeating: "X: 1\r\n", count: 200))\r\n", 431),
    ]

    @Test("a malformed head is refused with the status that says why", arguments: bad)
    func refuses(_ row: (text: String, status: Int)) {
        #expect(status(row.text) == row.status)
    }

    @Test("the end of a head is found wherever its bytes are cut")
    func scanning() throws {
        let text = "GET / HTTP/1.1\r\nHost: a\r\n\r\nbody"
        for step in 1...7 {
            try withBytes(text) { bytes in
                var scan = HeadScan()
                var end: Int?
                for count in stride(from: step, through: bytes.count, by: step) where end == nil {
                    end = try scan.end(of: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
                }
                #expect(end == 27)
            }
        }
    }

    @Test("heads of random bytes are refused or read, never more")
    func randomBytes() {
        var random = SystemRandomNumberGenerator()
        let alphabet = Array("GET /:\r\n\r\n HTTP/1.1Host: a,x\t\u{0}\u{7f}".utf8)
        for _ in 0..<20_000 {
            let noise = (0..<Int.random(in: 0...60, using: &random)).map { _ in alphabet.randomElement()! }
            let text = Array("GET / HTTP/1.1\r\nHost: a\r\n".utf8.prefix(Int.random(in: 0...26))) + noise
            (text + Array("\r\n\r\n".utf8)).withUnsafeBytes { bytes in
                var scan = HeadScan()
                guard let end = try? scan.end(of: bytes) else { return }
                let message = UnsafeRawBufferPointer(rebasing: bytes[..<end])
                let head = try? RequestHead(message, end: end, fields: FieldTable(), maxURIBytes: 100)
                if let head { #expect(head.length == end) }
            }
        }
    }
}
