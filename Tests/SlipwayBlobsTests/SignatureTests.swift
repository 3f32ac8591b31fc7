// Signature version 4: the values AWS publishes, and a table of requests that must be refused.
import Foundation
import Testing

@testable import SlipwayBlobs

/// The credentials of all of AWS's published examples.
private let published = Signer(
    secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    scope: SigningScope(accessKeyID: "AKIAIOSFODNN7EXAMPLE", day: "20130524", region: "us-east-1"),
    time: "20130524T000000Z")

@Suite struct PublishedSignatureTests {
    @Test func `a GET with a range has the published signature`() {
        let request = CanonicalRequest(
            method: "GET", path: "/test.txt", canonicalQuery: "",
            headers: [
                ("host", "examplebucket.s3.amazonaws.com"), ("range", "bytes=0-9"),
                ("x-amz-content-sha256", Fixture.emptyHash), ("x-amz-date", "20130524T000000Z"),
            ], payloadHash: Fixture.emptyHash)
        #expect(
            published.sign(request) == "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
    }

    @Test func `a path with a reserved character has the published signature`() {
        let hash = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"
        let request = CanonicalRequest(
            method: "PUT", path: "/test$file.text", canonicalQuery: "",
            headers: [
                ("date", "Fri, 24 May 2013 00:00:00 GMT"), ("host", "examplebucket.s3.amazonaws.com"),
                ("x-amz-content-sha256", hash), ("x-amz-date", "20130524T000000Z"),
                ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ], payloadHash: hash)
        #expect(
            published.sign(request) == "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")
    }

    @Test func `a presigned URL has the published signature`() throws {
        let query = try QueryItems(
            raw: "X-Amz-SignedHeaders=host&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=86400"
                + "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
                + "&X-Amz-Date=20130524T000000Z")
        let request = CanonicalRequest(
            method: "GET", path: "/test.txt", canonicalQuery: query.canonical(),
            headers: [("host", "examplebucket.s3.amazonaws.com")], payloadHash: "UNSIGNED-PAYLOAD")
        #expect(
            published.sign(request) == "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")
    }

    private static let chunks: [(bytes: [UInt8], signature: String)] = [
        (
            Array(repeating: 97, count: 65_536),
            "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"
        ),
        (
            Array(repeating: 97, count: 1024),
            "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"
        ),
        ([], "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"),
    ]

    @Test(arguments: [1000, 65_536, 100_000])
    func `the published signed chunks decode`(pieceBytes: Int) throws {
        var body: [UInt8] = []
        for chunk in Self.chunks {
            let size = String(chunk.bytes.count, radix: 16)
            body +=
                Array("\(size);chunk-signature=\(chunk.signature)\r\n".utf8) + chunk.bytes
                + Array("\r\n".utf8)
        }
        var decoder = AwsChunkedDecoder(
            decodedLength: 66_560,
            signatures: .init(
                signer: published, seed: "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"),
            trailerNames: [])
        var decoded = 0
        for start in stride(from: 0, to: body.count, by: pieceBytes) {
            try decoder.decode(body[start..<min(start + pieceBytes, body.count)]) { decoded += $0.count }
        }
        #expect(try decoder.finish().isEmpty)
        #expect(decoded == 66_560)
    }

    @Test func `the published signed trailer decodes`() throws {
        let signatures = [
            "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
            "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
            "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
        ]
        var body: [UInt8] = []
        for (chunk, signature) in zip(Self.chunks, signatures) {
            let size = String(chunk.bytes.count, radix: 16)
            body += Array("\(size);chunk-signature=\(signature)\r\n".utf8) + chunk.bytes
            if !chunk.bytes.isEmpty { body += Array("\r\n".utf8) }
        }
        body += Array(
            ("x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:"
                + "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n").utf8)
        var decoder = AwsChunkedDecoder(
            decodedLength: 66_560,
            signatures: .init(
                signer: published, seed: "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"),
            trailerNames: ["x-amz-checksum-crc32c"])
        try decoder.decode(body[...]) { _ in }
        let trailer = try decoder.finish()
        #expect(trailer.map(\.value) == ["sOO8/Q=="])
    }
}

@Suite struct RefusedRequestTests {
    /// What is done to a good PUT, and the error it must meet.
    struct Tampering: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let code: S3Error.Code
        var now = Fixture.now
        var client: @Sendable (inout TestClient) throws -> Void = { _ in }
        var head: @Sendable (inout S3RequestHead) -> Void = { _ in }

        init(
            _ name: String, _ code: S3Error.Code, now: Date = Fixture.now,
            client: @escaping @Sendable (inout TestClient) throws -> Void = { _ in },
            head: @escaping @Sendable (inout S3RequestHead) -> Void = { _ in }
        ) {
            testDescription = name
            self.code = code
            self.now = now
            self.client = client
            self.head = head
        }
    }

    private static func replace(_ name: String, _ change: @escaping @Sendable (String) -> String?)
        -> @Sendable (inout S3RequestHead) -> Void
    {
        { head in
            head.headers = head.headers.compactMap { header in
                guard header.name == name else { return header }
                return change(header.value).map { (header.name, $0) }
            }
        }
    }

    private static func swapped(
        in credentials: TemporaryCredentials, key: String? = nil, accessKeyID: String? = nil,
        secret: String? = nil, token: String? = nil, bucket: String? = nil
    ) -> TemporaryCredentials {
        TemporaryCredentials(
            bucket: bucket ?? credentials.bucket, key: key ?? credentials.key,
            accessKeyID: accessKeyID ?? credentials.accessKeyID,
            secretAccessKey: secret ?? credentials.secretAccessKey,
            sessionToken: token ?? credentials.sessionToken, expiry: credentials.expiry)
    }

    static let tamperings: [Tampering] = [
        Tampering("method changed", .signatureDoesNotMatch, head: { $0.method = "GET" }),
        Tampering("host changed", .signatureDoesNotMatch, head: { $0.host = "s3.other:8000" }),
        Tampering("key changed on the way", .signatureDoesNotMatch, head: { $0.rawPath += "x" }),
        Tampering("query added", .signatureDoesNotMatch, head: { $0.rawQuery = "x-id=PutObject" }),
        Tampering(
            "signed header changed", .signatureDoesNotMatch, head: replace("x-amz-meta-a") { _ in "2" }),
        Tampering(
            "signed header dropped", .signatureDoesNotMatch, head: replace("x-amz-meta-a") { _ in nil }),
        Tampering(
            "unsigned x-amz header added", .accessDenied, head: { $0.headers.append(("X-Amz-Acl", "public")) }
        ),
        Tampering(
            "x-amz header twice", .invalidRequest, head: { $0.headers.append(("X-Amz-Meta-A", "1")) }),
        Tampering(
            "host not signed", .accessDenied,
            head: replace("authorization") { $0.replacingOccurrences(of: "=host;", with: "=") }),
        Tampering(
            "signed headers out of order", .authorizationHeaderMalformed,
            head: replace("authorization") { $0.replacingOccurrences(of: "=host;", with: "=z;host;") }),
        Tampering(
            "signature changed", .signatureDoesNotMatch,
            head: replace("authorization") { String($0.dropLast()) + ($0.hasSuffix("0") ? "1" : "0") }),
        Tampering(
            "signature cut", .authorizationHeaderMalformed,
            head: replace("authorization") { String($0.dropLast()) }),
        Tampering(
            "signature in capitals", .authorizationHeaderMalformed,
            head: replace("authorization") { String($0.dropLast(64)) + String(repeating: "A", count: 64) }),
        Tampering(
            "old signature version", .authorizationHeaderMalformed,
            head: replace("authorization") { _ in "AWS a:b" }),
        Tampering("no authorization", .accessDenied, head: replace("authorization") { _ in nil }),
        Tampering(
            "two authorizations", .invalidRequest, head: { $0.headers.append(("Authorization", "AWS a:b")) }),
        Tampering(
            "header and query authorization", .invalidArgument,
            head: { $0.rawQuery = "X-Amz-Algorithm=AWS4-HMAC-SHA256" }),
        Tampering("no date", .accessDenied, head: replace("x-amz-date") { _ in nil }),
        Tampering(
            "date of another form", .accessDenied, head: replace("x-amz-date") { _ in "20261323T120000Z" }),
        Tampering(
            "no payload hash", .missingSecurityHeader, head: replace("x-amz-content-sha256") { _ in nil }),
        Tampering(
            "no session token", .missingSecurityHeader, head: replace("x-amz-security-token") { _ in nil }),
        Tampering("wrong region", .authorizationHeaderMalformed, client: { $0.region = "eu-west-1" }),
        Tampering(
            "wrong service", .authorizationHeaderMalformed,
            head: replace("authorization") { $0.replacingOccurrences(of: "/s3/", with: "/iam/") }),
        Tampering(
            "day of another request", .authorizationHeaderMalformed,
            head: replace("authorization") { $0.replacingOccurrences(of: "/20261123/", with: "/20261122/") }),
        Tampering("clock 15 minutes ahead", .requestTimeTooSkewed, client: { $0.date = Fixture.now + 901 }),
        Tampering("clock 15 minutes behind", .requestTimeTooSkewed, client: { $0.date = Fixture.now - 901 }),
        Tampering(
            "expired token", .expiredToken, now: Fixture.now + 3600, client: { $0.date = Fixture.now + 3600 }),
        Tampering(
            "wrong secret", .signatureDoesNotMatch,
            client: { $0.credentials = swapped(in: $0.credentials, secret: "guess") }),
        Tampering(
            "token changed", .invalidToken,
            client: { $0.credentials = swapped(in: $0.credentials, token: "x" + $0.credentials.sessionToken) }
        ),
        Tampering(
            "token's payload changed", .invalidToken,
            client: {
                let text = $0.credentials.sessionToken
                let seal = text.drop { $0 != "." }
                let payload = try #require(Base64URL.decode(text.prefix { $0 != "." }))
                let forged = String(decoding: payload, as: UTF8.self).replacingOccurrences(
                    of: "17954", with: "27954")
                $0.credentials = swapped(
                    in: $0.credentials, token: Base64URL.encode(Array(forged.utf8)) + seal)
            }),
        Tampering(
            "empty token", .invalidToken, client: { $0.credentials = swapped(in: $0.credentials, token: "") }),
        Tampering(
            "huge token", .invalidToken,
            client: {
                $0.credentials = swapped(in: $0.credentials, token: String(repeating: "a.", count: 5000))
            }),
        Tampering(
            "token of another access key", .invalidToken,
            client: {
                $0.credentials = swapped(in: $0.credentials, accessKeyID: BotocoreRequests.accessKeyID)
            }),
        Tampering("another key", .accessDenied, client: { $0.key = "archives/other/model.tar" }),
        Tampering(
            "another bucket", .noSuchBucket,
            client: { $0.credentials = swapped(in: $0.credentials, bucket: "other-bucket") }),
        Tampering("key above the root", .accessDenied, client: { $0.key = "../../etc/passwd" }),
        Tampering("absolute key", .accessDenied, client: { $0.key = "/etc/passwd" }),
        Tampering("key with a control character", .invalidURI, client: { $0.key = "a\u{0}b" }),
        Tampering("key without a bucket", .notImplemented, head: { $0.rawPath = "/\(Fixture.bucket)" }),
        Tampering("broken escape in the path", .invalidURI, head: { $0.rawPath += "%zz" }),
        Tampering("path that is not UTF-8", .invalidURI, head: { $0.rawPath += "%ff" }),
        Tampering("copy", .notImplemented, head: { $0.headers.append(("x-amz-copy-source", "/b/k")) }),
    ]

    @Test(arguments: tamperings)
    func `a tampered request is refused before its body`(_ tampering: Tampering) async throws {
        let fixture = try Fixture()
        let issued = try fixture.service.issueUpload(now: Fixture.now)
        var client = TestClient(issued)
        try tampering.client(&client)
        var head = try client.request("PUT", headers: [("x-amz-meta-a", "1")], length: 3)
        tampering.head(&head)

        let response = try #require(fixture.service.check(head, now: tampering.now))
        #expect(response.error?.code == tampering.code)
        #expect(response.status == tampering.code.status)
        #expect(response.text.contains("<Code>\(tampering.code.rawValue)</Code>"))
        for secret in [issued.secretAccessKey, issued.sessionToken, fixture.root] {
            #expect(!response.text.contains(secret))
        }
        let handled = await fixture.handle(head, [1, 2, 3], now: tampering.now)
        #expect(handled.error?.code == tampering.code)
        #expect(fixture.files(in: "objects").isEmpty && fixture.files(in: "incoming").isEmpty)
    }

    @Test func `the untampered request is accepted up to the limits of clock and lifetime`() async throws {
        let fixture = try Fixture()
        var client = TestClient(try fixture.service.issueUpload(now: Fixture.now))
        for (date, now) in [(900.0, 0.0), (-900, 0), (3599, 3599)] {
            client.date = Fixture.now + date
            let head = try client.request("PUT", length: 3)
            let response = await fixture.handle(head, [1, 2, 3], now: Fixture.now + now)
            #expect(response.status == 200, "\(response.text)")
        }
    }

    @Test func `credentials outlive the service object and end with another master key`() async throws {
        let fixture = try Fixture()
        let client = TestClient(try fixture.service.issueUpload(now: Fixture.now))
        let head = try client.request("PUT", length: 3)
        let restarted = try S3Service(
            root: fixture.root, masterKey: Fixture.masterKey, region: "us-east-1", bucket: Fixture.bucket)
        #expect(restarted.check(head, now: Fixture.now)?.error == nil)
        let foreign = try S3Service(
            root: fixture.root, masterKey: Fixture.masterKey.reversed(), region: "us-east-1",
            bucket: Fixture.bucket)
        #expect(foreign.check(head, now: Fixture.now)?.error?.code == .invalidToken)
    }

    @Test func `keys differ from grant to grant and secrets stay out of descriptions`() throws {
        let fixture = try Fixture()
        let first = try fixture.service.issueUpload(now: Fixture.now)
        let second = try fixture.service.issueUpload(now: Fixture.now)
        #expect(first.key != second.key && first.accessKeyID != second.accessKeyID)
        #expect(first.expiry == Fixture.now + 3600)
        var dumped = ""
        dump(first, to: &dumped)
        for text in ["\(first)", String(reflecting: first), dumped] {
            #expect(!text.contains(first.secretAccessKey) && !text.contains(first.sessionToken))
        }
    }

    @Test func `master keys and buckets of another form are refused`() throws {
        let root = try Fixture().root
        #expect(throws: S3ServiceError.badMasterKey(bytes: 31)) {
            try S3Service(
                root: root, masterKey: Array(repeating: 1, count: 31), region: "us-east-1", bucket: "abc")
        }
        for bucket in ["", "ab", "UPPER", "a/b", "../..", String(repeating: "a", count: 64)] {
            #expect(throws: S3ServiceError.badBucket(bucket)) {
                try S3Service(root: root, masterKey: Fixture.masterKey, region: "us-east-1", bucket: bucket)
            }
        }
    }
}
