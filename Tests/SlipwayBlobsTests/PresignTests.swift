// Presigned download URLs, from their making to the answer of the service.
import Foundation
import Testing

@testable import SlipwayBlobs

@Suite struct PresignTests {
    private func head(_ url: String, method: String = "GET", host: String? = nil) throws -> S3RequestHead {
        let parts = try #require(URLComponents(string: url))
        let name = try #require(parts.host) + (parts.port.map { ":\($0)" } ?? "")
        return S3RequestHead(
            method: method, host: host ?? name, rawPath: parts.percentEncodedPath,
            rawQuery: parts.percentEncodedQuery ?? "", headers: [("Range", "bytes=-2")])
    }

    @Test(arguments: ["http://s3.localhost:8000", "https://s3.example.com", "http://127.0.0.1:9000/"])
    func `a URL downloads until its time is over`(endpoint: String) async throws {
        let fixture = try Fixture()
        let object = try fixture.service.directory.put("a/b-1_2.tar", [1, 2, 3])
        let url = try fixture.service.presignGET(
            key: "a/b-1_2.tar", endpoint: endpoint, lifetime: 60, now: Fixture.now)
        let head = try head(url)
        let response = await fixture.handle(head, now: Fixture.now + 59)
        #expect(response.status == 206, "\(response.text)")
        #expect(response.body == .file(path: object.path, range: 1..<3))
        #expect(await fixture.handle(head, now: Fixture.now + 60).error?.code == .accessDenied)
        #expect(await fixture.handle(head, now: Fixture.now - 901).error?.code == .accessDenied)
    }

    @Test func `the scheme's own port is not part of the signed host`() async throws {
        let fixture = try Fixture()
        try fixture.service.directory.put("k", [1, 2, 3])
        let url = try fixture.service.presignGET(
            key: "k", endpoint: "https://s3.example.com:443", lifetime: 60, now: Fixture.now)
        #expect(await fixture.handle(try head(url, host: "s3.example.com")).status == 206)
    }

    @Test func `a download URL neither writes nor reads anything else`() async throws {
        let fixture = try Fixture()
        try fixture.service.directory.put("k", [1])
        try fixture.service.directory.put("l", [1])
        let url = try fixture.service.presignGET(
            key: "k", endpoint: "http://s3.localhost:8000", lifetime: 60, now: Fixture.now)
        #expect(await fixture.handle(try head(url, method: "PUT")).error?.code == .signatureDoesNotMatch)
        let other = url.replacingOccurrences(of: "/k?", with: "/l?")
        #expect(await fixture.handle(try head(other)).error?.code == .signatureDoesNotMatch)
        let longer = url.replacingOccurrences(of: "Expires=60", with: "Expires=600")
        #expect(await fixture.handle(try head(longer)).error?.code == .signatureDoesNotMatch)
        for lifetime in ["0", "604801", "-1", "x", ""] {
            let broken = url.replacingOccurrences(of: "Expires=60", with: "Expires=\(lifetime)")
            let response = await fixture.handle(try head(broken))
            #expect(response.error?.code == .authorizationQueryParametersError)
        }
    }

    @Test func `credentials for reading are refused for writing even when well signed`() async throws {
        let fixture = try Fixture()
        let issuer = try #require(CredentialIssuer(masterKey: Fixture.masterKey, bucket: Fixture.bucket))
        let key = try #require(BlobKey("k"))
        var generator = SystemRandomNumberGenerator()
        let reader = try issuer.issue(
            key: key, access: .read, maximumBytes: 10, lifetime: 60, now: Fixture.now, using: &generator)
        let client = TestClient(reader)
        #expect(await fixture.handle(try client.request("PUT", length: 0)).error?.code == .accessDenied)
        #expect(await fixture.handle(try client.request("GET")).error?.code == .noSuchKey)
    }

    @Test func `what cannot be signed is refused when the URL is made`() throws {
        let service = try Fixture().service
        for endpoint in [
            "", "s3.localhost:8000", "ftp://host", "http://", "http://host/path", "http://host?x",
        ] {
            #expect(throws: PresignError.badEndpoint(endpoint)) {
                try service.presignGET(key: "k", endpoint: endpoint, lifetime: 60, now: Fixture.now)
            }
        }
        #expect(throws: PresignError.badKey("../k")) {
            try service.presignGET(key: "../k", endpoint: "http://h", lifetime: 60, now: Fixture.now)
        }
        for lifetime in [0, -1, 604_801] {
            #expect(throws: PresignError.badLifetime(seconds: lifetime)) {
                try service.presignGET(key: "k", endpoint: "http://h", lifetime: lifetime, now: Fixture.now)
            }
        }
    }
}
