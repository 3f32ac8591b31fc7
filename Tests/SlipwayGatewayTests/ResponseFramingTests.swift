import NIOHTTP1
import Testing

@testable import SlipwayGateway

struct ResponseFramingTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var method = HTTPMethod.POST
        var version = HTTPVersion.http1_1
        var request: [String: String] = [:]
        var status = HTTPResponseStatus.ok
        var length: String?
        var framed: [String: String]
        var keepAlive: Bool
        var testDescription: String {
            "\(method) \(version) \(request) \(status.code) \(length ?? "no length")"
        }
    }

    static let rows: [Row] = [
        Row(length: "3", framed: [:], keepAlive: true),
        Row(framed: ["Transfer-Encoding": "chunked"], keepAlive: true),
        Row(
            request: ["Connection": "close"],
            framed: ["Transfer-Encoding": "chunked", "Connection": "close"],
            keepAlive: false),
        Row(method: .HEAD, framed: [:], keepAlive: true),
        Row(status: .noContent, framed: [:], keepAlive: true),
        Row(status: .notModified, framed: [:], keepAlive: true),
        Row(version: .http1_0, length: "3", framed: ["Connection": "close"], keepAlive: false),
        Row(
            version: .http1_0, request: ["Connection": "keep-alive"], length: "3",
            framed: ["Connection": "keep-alive"], keepAlive: true),
        Row(
            version: .http1_0, request: ["Connection": "keep-alive"], framed: ["Connection": "close"],
            keepAlive: false),
    ]

    @Test("an answer's end is told in the way the client's version knows", arguments: rows)
    func frames(_ row: Row) {
        var framing = ResponseFraming(
            HTTPRequestHead(
                version: row.version, method: row.method, uri: "/",
                headers: HTTPHeaders(row.request.map { ($0.key, $0.value) })))
        var headers = HTTPHeaders()
        if let length = row.length { headers.add(name: "Content-Length", value: length) }
        framing.frame(&headers, status: row.status)
        headers.remove(name: "Content-Length")
        #expect(Dictionary(headers.map { ($0.name, $0.value) }) { first, _ in first } == row.framed)
        #expect(framing.keepAlive == row.keepAlive)
    }
}
