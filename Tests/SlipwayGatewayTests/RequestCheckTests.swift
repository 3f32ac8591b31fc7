import NIOHTTP1
import SlipwayCore
import Testing

@testable import SlipwayGateway

struct RequestCheckTests {
    private func check(
        _ uri: String, _ headers: HTTPHeaders, method: HTTPMethod = .POST, _ version: HTTPVersion = .http1_1
    )
        -> Result<CheckedRequest, PlatformError>
    {
        let head = HTTPRequestHead(version: version, method: method, uri: uri, headers: headers)
        return Result { () throws(PlatformError) in try CheckedRequest(head, maxURIBytes: 100) }
    }

    static let bad: [(uri: String, headers: HTTPHeaders, status: Int)] = [
        ("/", [:], 400),
        ("/", ["Host": "a", "host": "b"], 400),
        ("/", ["Host": "a", "Content-Length": "1", "Transfer-Encoding": "chunked"], 400),
        ("/", ["Host": "a", "Content-Length": "1", "content-length": "2"], 400),
        ("/", ["Host": "a", "Content-Length": "+1"], 400),
        ("/", ["Host": "a", "Content-Length": "99999999999999999999"], 400),
        ("/", ["Host": "a", "Transfer-Encoding": "gzip, chunked"], 501),
        ("ftp://a/", ["Host": "a"], 400),
        ("http:///x", ["Host": "a"], 400),
        ("http://user@a/x", ["Host": "a"], 400),
        ("relative", ["Host": "a"], 400),
        ("/" + String(repeating: "x", count: 100), ["Host": "a"], 414),
    ]

    @Test("a malformed request is refused with the status that says why", arguments: bad)
    func refuses(_ row: (uri: String, headers: HTTPHeaders, status: Int)) throws {
        let result = check(row.uri, row.headers)
        #expect(throws: PlatformError.self) { try result.get() }
        if case .failure(let error) = result { #expect(error.status == row.status) }
    }

    @Test("CONNECT is refused")
    func connect() {
        #expect(throws: PlatformError.self) { try check("a:80", ["Host": "a"], method: .CONNECT).get() }
    }

    @Test("an absolute URI names the host and is passed on in origin form")
    func absolute() throws {
        let checked = try check("http://model-a.x:1/p?q", ["Host": "b"]).get()
        #expect(checked.host == "model-a.x:1")
        #expect(checked.head.uri == "/p?q")
        #expect(checked.head.headers["host"] == ["model-a.x:1"])
        #expect(try check("http://a?q", ["Host": "b"]).get().head.uri == "/?q")
    }

    @Test("HTTP/1.0 may leave the host out")
    func oldVersion() throws {
        #expect(try check("/", [:], .http1_0).get().host == "")
    }
}
