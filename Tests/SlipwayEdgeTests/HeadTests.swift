import NIOHPACK
import Testing

@testable import SlipwayEdge

struct HeadTests {
    static let unsafe: [HPACKHeaders] = [
        [":method": "GET", ":path": "/a b"], [":method": "GET", ":path": "/a\r\nX: 1"],
        [":method": "GE T", ":path": "/"], [":method": "", ":path": "/"],
        [":method": "GET", ":path": "/", "x": "a\r\nb: c"], [":method": "GET", ":path": "/", "x": "a\u{0}"],
        [":method": "GET", ":path": "/", "x\r\ny": "a"], [":method": "GET", ":path": "/", "x y": "a"],
        [":method": "POST", ":path": "/", "transfer-encoding": "chunked"],
        [":method": "POST", ":path": "/", "connection": "close"],
    ]

    @Test("what HTTP/1.1 could understand differently is not let through", arguments: unsafe)
    func refuses(_ headers: HPACKHeaders) { #expect(!HeadCheck.isSafe(headers)) }

    @Test("usual heads are let through")
    func allows() {
        #expect(
            HeadCheck.isSafe([
                ":method": "POST", ":path": "/a?b=%20", ":authority": "model-a.x", ":scheme": "https",
                "content-type": "application/json", "te": "trailers", "x-a": "caf\u{e9}\t1",
            ]))
    }

    @Test(
        "a host that differs from the authority, or comes twice, is refused",
        arguments: [
            [":authority": "a", "host": "b"], [":authority": "a:8000", "host": "a:8001"],
            [":authority": "a", "host": "a", "HOST": "b"], ["host": "a", "Host": "a"], [:],
            [":authority": ""], [":scheme": "http", ":authority": "a:443", "host": "a"],
            [":authority": "a", "host": ""],
        ] as [HPACKHeaders])
    func differentHosts(_ headers: HPACKHeaders) {
        #expect(HeadCheck.withOneAuthority(headers) == nil)
    }

    @Test(
        "the authority decides, or the host where there is none",
        arguments: [
            ([":authority": "model-a.x"], "model-a.x"), (["host": "model-a.x:8000"], "model-a.x:8000"),
            ([":authority": "", "host": "b"], "b"), ([":authority": "A.x", "host": "a.X"], "A.x"),
            ([":scheme": "https", ":authority": "a", "host": "a:443"], "a"),
        ] as [(HPACKHeaders, String)])
    func oneAuthority(_ headers: HPACKHeaders, _ authority: String) {
        let head = HeadCheck.withOneAuthority(headers)
        #expect(head?[":authority"] == [authority])
        #expect(head?.contains(name: "host") == false)
    }

    private func call(_ headers: HPACKHeaders) -> [String] {
        GRPCCall(headers).tunnelRequest.components(separatedBy: "\r\n")
    }

    @Test("a call is for the model of its host or metadata, in production unless it says otherwise")
    func targets() {
        #expect(
            call([":authority": "model-abc.grpc.example.com", "authorization": "Api-Key k"])
                == [
                    "TUNNEL /production/predict HTTP/1.1", "Host: model-abc.grpc", "Authorization: Api-Key k",
                    "",
                    "",
                ])
        #expect(
            call([
                ":authority": "localhost", "baseten-model-id": "model-abc",
                "baseten-authorization": "Bearer k",
                "authorization": "other", "x-baseten-environment": "staging",
            ])
                == [
                    "TUNNEL /environments/staging/predict HTTP/1.1", "Host: model-abc.grpc",
                    "Authorization: Bearer k", "", "",
                ])
        #expect(call([":authority": "model-abc-eu.grpc.x"])[0] == "TUNNEL /predict HTTP/1.1")
        #expect(
            call([":authority": "x", "baseten-model-id": "abc", "x-baseten-deployment": "d1/../x"])[0]
                == "TUNNEL /deployment/d1x/predict HTTP/1.1")
    }

    @Test("the replica does not see the key, nor what is the platform's")
    func passedHeaders() {
        let passed = GRPCCall([
            ":method": "POST", ":scheme": "https", ":path": "/a.B/C", ":authority": "model-abc.grpc",
            "authorization": "Api-Key k", "baseten-authorization": "Api-Key k", "x-baseten-environment": "e",
            "grpc-timeout": "1S", "te": "trailers",
        ]).headers
        #expect(passed.map(\.name) == [":method", ":scheme", ":path", ":authority", "grpc-timeout", "te"])
        #expect(passed.first(name: ":scheme") == "http")
    }

    @Test("messages of errors are written as the protocol asks")
    func messages() {
        let headers = GRPCStatus.trailersOnly(14, "100 %\n\u{e9}", requestID: "r")
        #expect(headers.first(name: "grpc-message") == "100 %25%0A%C3%A9")
        #expect(headers.first(name: "x-baseten-request-id") == "r")
        #expect([401, 403, 404, 429, 529, 503, 504].map(GRPCStatus.code) == [16, 7, 5, 8, 8, 14, 4])
    }
}
