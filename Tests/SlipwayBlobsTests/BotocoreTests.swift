// The service against requests recorded from botocore, the client inside `truss push`.
import Foundation
import Testing

@testable import SlipwayBlobs

@Suite struct BotocoreTests {
    typealias Recorded = BotocoreRequests

    @Test func `credentials are what an independent implementation derives from the master key`() throws {
        let issuer = try #require(CredentialIssuer(masterKey: Fixture.masterKey, bucket: Fixture.bucket))
        #expect(issuer.secretAccessKey(for: Recorded.accessKeyID) == Recorded.secretAccessKey)
        let grant = try issuer.grant(
            sessionToken: Recorded.sessionToken, accessKeyID: Recorded.accessKeyID, now: Fixture.now)
        #expect(grant.key == Recorded.key)
        #expect(grant.maximumBytes == 5 << 30)
        #expect(grant.access == .readWrite)
        #expect(grant.expiry == Int64(Fixture.now.timeIntervalSince1970) + 3600)
    }

    @Test(arguments: [
        Recorded.putPlain, Recorded.putHostStyle, Recorded.putChunkedTrailer, Recorded.putSHA256,
    ])
    func `a single upload is stored`(_ recorded: Recorded.Recorded) async throws {
        let fixture = try Fixture()
        #expect(fixture.service.check(recorded.head, now: Fixture.now)?.error == nil)
        let response = await fixture.handle(recorded.head, Array(recorded.body.utf8))
        #expect(response.status == 200, "\(response.text)")
        #expect(response.header("ETag") == "\"f6df54c378dc84fa8f17c329d07e6563\"")
        #expect(try fixture.stored(Recorded.key) == Array("hello archive".utf8))
        #expect(fixture.files(in: "incoming").isEmpty)
    }

    @Test func `a multipart upload is joined, whatever the order its parts arrive in`() async throws {
        let fixture = try Fixture()
        try fixture.openRecordedUpload()
        for recorded in [Recorded.part2, Recorded.part1] {
            let response = await fixture.handle(recorded.head, Array(recorded.body.utf8))
            #expect(response.status == 200, "\(response.text)")
            #expect(response.header("x-amz-checksum-crc32") != nil)
        }
        let complete = Array(Recorded.complete.body.utf8)
        let response = await fixture.handle(Recorded.complete.head, complete)
        #expect(response.status == 200, "\(response.text)")
        #expect(response.text.contains("-2&quot;</ETag>"))
        #expect(
            try fixture.stored(Recorded.key) == Array("first part first part first part second part".utf8))
        #expect(fixture.files(in: "uploads").isEmpty && fixture.files(in: "incoming").isEmpty)

        let again = await fixture.handle(Recorded.complete.head, complete)
        #expect(again.status == 200, "a repeated completion answers the same")
        #expect(again.text == response.text)
    }

    @Test func `creating an upload answers with its id`() async throws {
        let fixture = try Fixture()
        let response = await fixture.handle(Recorded.create.head)
        #expect(response.status == 200)
        let id = response.text.split(separator: "<UploadId>").last?.prefix(32) ?? ""
        #expect(Hex.isLowerHex(id, count: 32))
        #expect(response.text.contains("<Key>\(Recorded.key)</Key>"))
    }

    @Test func `an aborted upload leaves nothing and is gone`() async throws {
        let fixture = try Fixture()
        try fixture.openRecordedUpload()
        _ = await fixture.handle(Recorded.part1.head, Array(Recorded.part1.body.utf8))
        #expect(await fixture.handle(Recorded.abort.head).status == 204)
        #expect(fixture.files(in: "uploads").isEmpty)
        #expect(await fixture.handle(Recorded.abort.head).error?.code == .noSuchUpload)
        let late = await fixture.handle(Recorded.part1.head, Array(Recorded.part1.body.utf8))
        #expect(late.error?.code == .noSuchUpload)
    }

    @Test func `GET with a range and HEAD answer for the stored object`() async throws {
        let fixture = try Fixture()
        #expect(await fixture.handle(Recorded.get.head).status == 404)
        #expect(await fixture.handle(Recorded.head.head).status == 404)
        let object = try fixture.service.directory.put(Recorded.key, Array("hello archive".utf8))

        let get = await fixture.handle(Recorded.get.head)
        #expect(get.status == 206)
        #expect(get.body == .file(path: object.path, range: 6..<13))
        #expect(get.header("Content-Range") == "bytes 6-12/13")
        #expect(get.header("Content-Length") == "7")

        let head = await fixture.handle(Recorded.head.head)
        #expect(head.status == 200)
        #expect(head.body == .none)
        #expect(head.header("Content-Length") == "13")
        #expect(head.header("ETag") == "\"\(object.etag)\"")
    }

    @Test func `a URL presigned by botocore downloads`() async throws {
        let fixture = try Fixture()
        try fixture.service.directory.put(Recorded.key, [1, 2, 3])
        let head = S3RequestHead(
            method: "GET", host: Fixture.host, rawPath: Recorded.presignedPath,
            rawQuery: Recorded.presignedQuery, headers: [])
        #expect(await fixture.handle(head).status == 200)
        #expect(await fixture.handle(head, now: Fixture.now + 599).status == 200)
        #expect(await fixture.handle(head, now: Fixture.now + 600).error?.code == .accessDenied)
    }

    @Test(arguments: [Recorded.delete, Recorded.list, Recorded.copy])
    func `other operations are not implemented`(_ recorded: Recorded.Recorded) async throws {
        let response = try await Fixture().handle(recorded.head)
        #expect(response.status == 501)
        #expect(response.text.contains("<Code>NotImplemented</Code>"))
    }
}

extension Fixture {
    /// Opens the upload whose id the recorded requests name.
    func openRecordedUpload() throws {
        let key = try #require(BlobKey(BotocoreRequests.key))
        let folder = service.directory.uploadsFolder(key)
        try Disk.makeDirectory(folder)
        try Disk.makeDirectory(folder + "/" + BotocoreRequests.uploadID)
    }
}
