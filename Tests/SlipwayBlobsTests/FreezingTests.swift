// The grants of an upload end with its push, and a change of the bytes afterwards is noticed.
import Crypto
import Foundation
import Testing

@testable import SlipwayBlobs

@Suite struct FreezingTests {
    @Test func `after the push no grant of the upload reads or writes, also after a restart`() async throws {
        let fixture = try Fixture()
        let grant = try fixture.service.issueUpload(now: Fixture.now)
        let client = TestClient(grant)
        let original: [UInt8] = [1, 2, 3]
        #expect(await fixture.handle(try client.request("PUT", length: 3), original).status == 200)
        #expect(await fixture.handle(try client.request("GET")).status == 200)
        let digest = try fixture.service.directory.freeze(grant.key)
        #expect(digest == Hex.encode(SHA256.hash(data: original)))

        let reopened = try S3Service(
            root: fixture.root, masterKey: Fixture.masterKey, region: "us-east-1", bucket: Fixture.bucket)
        for service in [fixture.service, reopened] {
            for (method, query) in [
                ("PUT", ""), ("POST", "uploads"),
                ("PUT", "partNumber=1&uploadId=\(String(repeating: "a", count: 32))"),
                ("GET", ""),
            ] {
                let head = try client.request(method, query: query, length: method == "PUT" ? 1 : 0)
                #expect(service.check(head, now: Fixture.now)?.status == 403, "\(method) \(query)")
            }
        }
        #expect(try fixture.stored(grant.key) == original)
        // What is handed out for reading is something else.
        let url = try fixture.service.presignGET(
            key: grant.key, endpoint: "http://\(Fixture.host)", lifetime: 60, now: Fixture.now)
        let parts = try #require(URLComponents(string: url))
        let head = S3RequestHead(
            method: "GET", host: Fixture.host, rawPath: parts.percentEncodedPath,
            rawQuery: parts.percentEncodedQuery ?? "", headers: [(name: "host", value: Fixture.host)])
        #expect(await fixture.handle(head).status == 200)
        // Another upload is as free as ever.
        let other = TestClient(try fixture.service.issueUpload(now: Fixture.now))
        #expect(await fixture.handle(try other.request("PUT", length: 1), [9]).status == 200)
    }

    @Test func `uploads that were under way when the push came end with it`() async throws {
        let fixture = try Fixture()
        let grant = try fixture.service.issueUpload(now: Fixture.now)
        let key = try #require(BlobKey(grant.key))
        let directory = fixture.service.directory
        try directory.put(grant.key, [1, 2, 3])
        let id = try directory.createUpload(key)
        let late = try directory.incomingFile()
        try late.write([4, 5][...])
        _ = try directory.freeze(grant.key)
        #expect(throws: BlobError.frozen) { try directory.commit(late, key: key, etag: "x") }
        #expect(throws: BlobError.frozen) {
            try directory.commitPart(
                directory.incomingFile(), key: key, uploadID: id, number: 1, etag: "x", size: 0, limit: 10)
        }
        #expect(throws: BlobError.noSuchUpload) {
            try directory.completeUpload(key, uploadID: id, parts: [], checksum: nil, limit: 10)
        }
        #expect(throws: BlobError.frozen) { try directory.createUpload(key) }
        #expect(try fixture.stored(grant.key) == [1, 2, 3])
        #expect(fixture.files(in: "uploads").isEmpty)
    }

    @Test func `bytes that are not those of the push are noticed, also when size and times are the same`()
        throws
    {
        let fixture = try Fixture()
        let directory = fixture.service.directory
        let object = try directory.put("k", [1, 2, 3])
        let digest = try #require(try directory.freeze("k"))
        #expect(try directory.isIntact("k", sha256: digest))
        var before = stat()
        stat(object.path, &before)
        try FileHandle(forWritingTo: URL(fileURLWithPath: object.path)).write(contentsOf: Data([9]))
        var times = [before.st_atim, before.st_mtim]
        utimensat(AT_FDCWD, object.path, &times, 0)
        #expect(try !directory.isIntact("k", sha256: digest))
        #expect(try !directory.isIntact("none", sha256: digest))
    }

    @Test func `a frozen key is forgotten long after its object`() throws {
        let fixture = try Fixture()
        let directory = fixture.service.directory
        for key in ["kept", "gone"] {
            try directory.put(key, [1])
            _ = try directory.freeze(key)
        }
        try directory.remove("gone")
        try directory.sweep(now: Date())
        #expect(fixture.files(in: "frozen").count == 2)
        try directory.sweep(now: Date(timeIntervalSinceNow: 2 * BlobDirectory.abandonedAfter))
        #expect(fixture.files(in: "frozen").count == 1)
    }
}
