// Bodies against what their headers promise: lengths, hashes, checksums, signed chunks.
import Crypto
import Foundation
import Testing

@testable import SlipwayBlobs

@Suite struct PayloadTests {
    private static let body = Array("123456789".utf8)
    private static func base64(_ bytes: some Sequence<UInt8>) -> String { Data(bytes).base64EncodedString() }
    private static let sha256 = Hex.encode(SHA256.hash(data: body))

    @Test(arguments: [
        (ChecksumAlgorithm.crc32, "cbf43926"), (.crc32c, "e3069283"), (.crc64nvme, "ae8b14860a799888"),
        (.sha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
        (.sha256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"),
    ])
    func `a checksum has its published value and is verified`(
        _ algorithm: ChecksumAlgorithm, _ hex: String
    ) async throws {
        var running = RunningChecksum(algorithm)
        for byte in Self.body { running.update([byte]) }
        #expect(Hex.encode(running.value) == hex)

        let fixture = try Fixture()
        let client = TestClient(try fixture.service.issueUpload(now: Fixture.now))
        for (value, status) in [(running.value, 200), (running.value.map { $0 ^ 1 }, 400)] {
            let header = (name: algorithm.headerName, value: Self.base64(value))
            let plain = await fixture.handle(
                try client.request("PUT", headers: [header], length: 9), Self.body)
            #expect(plain.status == status)
            let trailing = try client.request(
                "PUT",
                headers: [
                    ("x-amz-trailer", algorithm.headerName), ("x-amz-decoded-content-length", "9"),
                    ("content-encoding", "aws-chunked"),
                ], payload: "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
            let framed = "9\r\n123456789\r\n0\r\n\(algorithm.headerName):\(header.value)\r\n\r\n"
            let chunked = await fixture.handle(trailing, Array(framed.utf8))
            #expect(chunked.status == status)
            for response in [plain, chunked] {
                #expect(response.error?.code == (status == 200 ? nil : .badDigest))
                if status == 200 { #expect(response.header(header.name) == header.value) }
            }
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var headers: [(name: String, value: String)] = []
        var payload = "UNSIGNED-PAYLOAD"
        var length: Int? = 9
        var body = PayloadTests.body
        /// Nil for success.
        let code: S3Error.Code?
        /// Whether the head alone tells.
        var early = false
    }

    private static func md5(_ text: String) -> String { base64(Insecure.MD5.hash(data: Data(text.utf8))) }

    static let cases = [
        Case(testDescription: "right hash", payload: sha256, code: nil),
        Case(testDescription: "right MD5", headers: [("content-md5", md5("123456789"))], code: nil),
        Case(testDescription: "empty object", length: 0, body: [], code: nil),
        Case(testDescription: "wrong hash", payload: Fixture.emptyHash, code: .contentSHA256Mismatch),
        Case(
            testDescription: "hash in capitals", payload: sha256.uppercased(), code: .invalidArgument,
            early: true),
        Case(
            testDescription: "unknown payload word", payload: "STREAMING-NEW", code: .invalidArgument,
            early: true),
        Case(testDescription: "wrong MD5", headers: [("content-md5", md5("x"))], code: .badDigest),
        Case(
            testDescription: "broken MD5", headers: [("content-md5", "AAAA")], code: .invalidDigest,
            early: true),
        Case(
            testDescription: "broken checksum", headers: [("x-amz-checksum-crc32", "AAAA")],
            code: .invalidRequest, early: true),
        Case(
            testDescription: "two checksums",
            headers: [("x-amz-checksum-crc32", "AAAAAA=="), ("x-amz-checksum-crc32c", "AAAAAA==")],
            code: .invalidRequest, early: true),
        Case(testDescription: "no length", length: nil, code: .missingContentLength, early: true),
        Case(testDescription: "too short", length: 10, code: .incompleteBody),
        Case(testDescription: "too long", length: 8, code: .incompleteBody),
        Case(testDescription: "over the limit", length: 101, code: .entityTooLarge, early: true),
        Case(
            testDescription: "negative length", headers: [("content-length", "-1")], length: nil,
            code: .invalidArgument, early: true),
        Case(
            testDescription: "chunked encoding without its payload word",
            headers: [("content-encoding", "aws-chunked")], code: .invalidRequest, early: true),
        Case(
            testDescription: "chunked without decoded length", payload: "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            code: .missingContentLength, early: true),
        Case(
            testDescription: "trailer without trailing payload",
            headers: [("x-amz-trailer", "x-amz-checksum-crc32")],
            code: .invalidRequest, early: true),
        Case(
            testDescription: "trailer that is no checksum",
            headers: [("x-amz-trailer", "x-evil"), ("x-amz-decoded-content-length", "9")],
            payload: "STREAMING-UNSIGNED-PAYLOAD-TRAILER", code: .invalidRequest, early: true),
        Case(
            testDescription: "chunked over the limit", headers: [("x-amz-decoded-content-length", "101")],
            payload: "STREAMING-UNSIGNED-PAYLOAD-TRAILER", code: .entityTooLarge, early: true),
        Case(
            testDescription: "trailing checksum of another form",
            headers: [("x-amz-trailer", "x-amz-checksum-crc32"), ("x-amz-decoded-content-length", "1")],
            payload: "STREAMING-UNSIGNED-PAYLOAD-TRAILER", length: nil,
            body: Array("1\r\na\r\n0\r\nx-amz-checksum-crc32:%%\r\n\r\n".utf8), code: .malformedTrailer),
    ]

    @Test(arguments: cases)
    func `a body is stored only if it keeps every promise`(_ input: Case) async throws {
        let fixture = try Fixture(maximumObjectBytes: 100)
        let client = TestClient(try fixture.service.issueUpload(now: Fixture.now))
        let head = try client.request(
            "PUT", headers: input.headers, payload: input.payload, length: input.length)
        #expect(
            fixture.service.check(head, now: Fixture.now)?.error?.code == (input.early ? input.code : nil))
        let response = await fixture.handle(head, input.body)
        #expect(response.error?.code == input.code, "\(response.text)")
        #expect(try fixture.stored(client.key) == (input.code == nil ? input.body : nil))
        #expect(fixture.files(in: "incoming").isEmpty)
    }

    @Test func `a body that breaks off leaves nothing`() async throws {
        let fixture = try Fixture()
        let client = TestClient(try fixture.service.issueUpload(now: Fixture.now))
        let response = await fixture.service.handle(
            try client.request("PUT", length: 20), body: Pieces(bytes: Self.body, size: 4, breaksOff: true),
            now: Fixture.now)
        #expect(response.error?.code == .incompleteBody)
        #expect(fixture.files(in: "incoming").isEmpty && fixture.files(in: "objects").isEmpty)
    }

    /// A body in signed chunks, the way SDKs without TLS send it.
    private func signedChunks(
        _ chunks: [String], client: TestClient, head: S3RequestHead, trailer: String?
    ) -> String {
        var previous = TestClient.signature(of: head)
        var body = ""
        for chunk in chunks + [""] {
            previous = client.signer.signChunk(
                after: previous, dataHash: Hex.encode(SHA256.hash(data: Data(chunk.utf8))))
            body += "\(String(chunk.utf8.count, radix: 16));chunk-signature=\(previous)\r\n"
            if !chunk.isEmpty { body += chunk + "\r\n" }
        }
        if let trailer {
            let signature = client.signer.signTrailer(after: previous, lines: trailer + "\n")
            body += "\(trailer)\r\nx-amz-trailer-signature:\(signature)\r\n"
        }
        return body + "\r\n"
    }

    @Test(arguments: [nil, "x-amz-checksum-crc32:y/Q5Jg=="])
    func `signed chunks are stored, and refused with any byte changed`(trailer: String?) async throws {
        let fixture = try Fixture()
        let client = TestClient(try fixture.service.issueUpload(now: Fixture.now))
        var headers = [(name: "x-amz-decoded-content-length", value: "9")]
        if trailer != nil { headers.append(("x-amz-trailer", "x-amz-checksum-crc32")) }
        let head = try client.request(
            "PUT", headers: headers,
            payload: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" + (trailer == nil ? "" : "-TRAILER"))
        let body = Array(signedChunks(["1234", "56789"], client: client, head: head, trailer: trailer).utf8)

        for index in body.indices {
            var changed = body
            changed[index] ^= 1
            #expect(await fixture.handle(head, changed).error != nil, "byte \(index)")
        }
        #expect(fixture.files(in: "incoming").isEmpty && fixture.files(in: "objects").isEmpty)

        let swapped = signedChunks(["56789", "1234"], client: client, head: head, trailer: trailer)
        #expect(swapped != String(decoding: body, as: UTF8.self))
        let response = await fixture.handle(head, body)
        #expect(response.status == 200, "\(response.text)")
        #expect(try fixture.stored(client.key) == Self.body)
    }
}
