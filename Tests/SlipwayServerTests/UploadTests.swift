import Crypto
import Foundation
import SlipwayAPI
import SlipwayTestSupport
import Testing

@Suite("Uploads")
struct UploadTests {
    @Test("an archive is uploaded with the issued credentials, path style and host style")
    func put() async throws {
        try await TestServer.run { server in
            for isHostStyle in [false, true] {
                let grant: GetBlobCredentialsResponseV1 = try await server.call(
                    "GET", "/v1/blobs/credentials/model"
                ).document()
                let bytes = Tar.truss(named: "echo")
                let path = isHostStyle ? "/\(grant.s3Key)" : "/\(grant.s3Bucket)/\(grant.s3Key)"
                let host = isHostStyle ? "\(grant.s3Bucket).s3.localhost:8000" : "s3.localhost:8000"
                let reply = try await server.client.send(
                    "PUT", path, host: host,
                    headers: Signature.headers(grant.creds, "PUT", path, host, body: bytes)
                        + [("Expect", "100-continue")], body: bytes)
                #expect(reply.status == 200, "\(reply.text)")
                #expect(reply.wasContinued)
                let stored = try #require(try server.uploads.directory.path(forKey: grant.s3Key))
                #expect(FileManager.default.contents(atPath: stored).map { [UInt8]($0) } == bytes)
            }
        }
    }

    @Test("a refused upload is answered at its head: no body is invited and the connection closes")
    func refused() async throws {
        try await TestServer.run { server in
            let reply = try await server.client.send(
                "PUT", "/slipway/archives/x/model.tar", host: "s3.localhost:8000",
                headers: [("Expect", "100-continue"), ("x-amz-content-sha256", "UNSIGNED-PAYLOAD")],
                body: [1, 2, 3])
            #expect(reply.status == 403)
            #expect(!reply.wasContinued)
            #expect(reply.headers["connection"] == "close")
            #expect(reply.text.contains("<Error>"))
        }
    }

    @Test("a download streams a file larger than any buffer, whole and in ranges")
    func download() async throws {
        try await TestServer.run { server in
            let bytes = (0..<(3 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
            let key = try server.upload(bytes)
            let url = try server.uploads.presignGET(
                key: key, endpoint: "http://s3.localhost:8000", lifetime: 60, now: Date())
            let target = String(url.dropFirst("http://s3.localhost:8000".count))
            let whole = try await server.client.send("GET", target, host: "s3.localhost:8000")
            #expect(whole.status == 200)
            #expect(whole.body == bytes)
            let part = try await server.client.send(
                "GET", target, host: "s3.localhost:8000", headers: [("Range", "bytes=1000-1999")])
            #expect(part.status == 206)
            #expect(part.body == Array(bytes[1000..<2000]))
        }
    }
}

/// Signature Version 4 of a request with its body's hash, written here anew so that it checks the server's.
private enum Signature {
    static func headers(
        _ credentials: AWSCredentialsV1, _ method: String, _ path: String, _ host: String, body: [UInt8]
    ) -> [(String, String)] {
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(secondsFromGMT: 0)
        format.dateFormat = "yyyyMMdd'T'HHmmss'Z'"
        let time = format.string(from: Date())
        let scope = "\(time.prefix(8))/us-east-1/s3/aws4_request"
        let hash = hex(SHA256.hash(data: Data(body)))
        let signed = [
            ("host", host), ("x-amz-content-sha256", hash), ("x-amz-date", time),
            ("x-amz-security-token", credentials.awsSessionToken),
        ]
        let names = signed.map(\.0).joined(separator: ";")
        let canonical =
            "\(method)\n\(path)\n\n" + signed.map { "\($0.0):\($0.1)\n" }.joined() + "\n\(names)\n\(hash)"
        let text = "AWS4-HMAC-SHA256\n\(time)\n\(scope)\n" + hex(SHA256.hash(data: Data(canonical.utf8)))
        var key = Data("AWS4\(credentials.awsSecretAccessKey)".utf8)
        for part in scope.split(separator: "/") { key = mac(key, String(part)) }
        let authorization =
            "AWS4-HMAC-SHA256 Credential=\(credentials.awsAccessKeyID)/\(scope), SignedHeaders=\(names), "
            + "Signature=\(hex(mac(key, text)))"
        return signed.dropFirst() + [("Authorization", authorization)]
    }

    private static func mac(_ key: Data, _ text: String) -> Data {
        Data(HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: SymmetricKey(data: key)))
    }

    private static func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { String(format: "%02x", $0) }.joined()
    }
}
