// Multipart uploads over the protocol: parallel parts, replaced parts, wrong lists, limits.
import Crypto
import Foundation
import Testing

@testable import SlipwayBlobs

@Suite struct MultipartTests {
    private struct Upload {
        let fixture: Fixture
        let client: TestClient
        let id: String

        init(_ fixture: Fixture) async throws {
            self.fixture = fixture
            client = TestClient(try fixture.service.issueUpload(now: Fixture.now))
            let response = await fixture.handle(try client.request("POST", query: "uploads"))
            id = String(response.text.split(separator: "<UploadId>").last?.prefix(32) ?? "")
        }

        func put(_ number: Int, _ bytes: [UInt8], id: String? = nil) async throws -> S3Response {
            await fixture.handle(
                try client.request(
                    "PUT", query: "partNumber=\(number)&uploadId=\(id ?? self.id)", length: bytes.count),
                bytes, pieces: 1000)
        }

        func complete(
            _ parts: [(number: Int, bytes: [UInt8])], headers: [(name: String, value: String)] = [],
            checksum: (Int) -> String = { _ in "" }
        ) async throws -> S3Response {
            let xml = parts.map {
                let etag = Hex.encode(Insecure.MD5.hash(data: $0.bytes))
                return
                    "<Part><PartNumber>\($0.number)</PartNumber><ETag>\(etag)</ETag>"
                    + "\(checksum($0.number))</Part>"
            }.joined()
            let body = Array("<CompleteMultipartUpload>\(xml)</CompleteMultipartUpload>".utf8)
            return await fixture.handle(
                try client.request("POST", query: "uploadId=\(id)", headers: headers, length: body.count),
                body)
        }
    }

    @Test func `parts sent in parallel and out of order are joined by number`() async throws {
        let upload = try await Upload(Fixture())
        let parts = (1...12).map { number in
            (number: number, bytes: [UInt8](repeating: UInt8(number), count: 100_000 + number))
        }
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for part in parts.reversed() {
                group.addTask { try await upload.put(part.number, part.bytes).status }
            }
            return try await group.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(statuses == Array(repeating: 200, count: 12))
        let response = try await upload.complete(parts)
        #expect(response.status == 200, "\(response.text)")
        #expect(try upload.fixture.stored(upload.client.key) == parts.flatMap(\.bytes))
        let digests = parts.flatMap { Array(Insecure.MD5.hash(data: $0.bytes)) }
        let etag = Hex.encode(Insecure.MD5.hash(data: digests)) + "-12"
        #expect(try upload.fixture.service.directory.object(forKey: upload.client.key)?.etag == etag)
    }

    @Test func `the last version of a part counts and gaps between numbers are fine`() async throws {
        let upload = try await Upload(Fixture())
        #expect(try await upload.put(3, [1, 1]).status == 200)
        #expect(try await upload.put(3, [2, 2]).status == 200)
        #expect(try await upload.put(7, [3]).status == 200)
        #expect(try await upload.complete([(3, [1, 1]), (7, [3])]).error?.code == .invalidPart)
        #expect(try await upload.complete([(3, [2, 2]), (7, [3])]).status == 200)
        #expect(try upload.fixture.stored(upload.client.key) == [2, 2, 3])
    }

    @Test func `a wrong part list leaves the upload open`() async throws {
        let upload = try await Upload(Fixture())
        #expect(try await upload.put(1, [1]).status == 200)
        #expect(try await upload.put(2, [2]).status == 200)
        #expect(try await upload.complete([(1, [1]), (3, [3])]).error?.code == .invalidPart)
        #expect(try await upload.complete([(1, [9])]).error?.code == .invalidPart)
        #expect(try await upload.complete([(2, [2]), (1, [1])]).error?.code == .invalidPartOrder)
        #expect(try await upload.complete([]).error?.code == .malformedXML)
        #expect(try upload.fixture.stored(upload.client.key) == nil)
        #expect(try await upload.complete([(1, [1]), (2, [2])]).status == 200)
    }

    @Test func `checksums of parts and of the whole are verified when parts are joined`() async throws {
        let upload = try await Upload(Fixture())
        let parts: [(number: Int, bytes: [UInt8])] = [(1, Array("1234".utf8)), (2, Array("56789".utf8))]
        for part in parts { #expect(try await upload.put(part.number, part.bytes).status == 200) }
        func crc(_ bytes: [UInt8]) -> [UInt8] {
            var running = RunningChecksum(.crc32)
            running.update(bytes[...])
            return running.value
        }
        func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }
        let composed = base64(crc(parts.flatMap { crc($0.bytes) }))

        for value in ["AAAAAA==", "AAAAAA==-2", composed + "-3", composed] {
            let response = try await upload.complete(parts, headers: [("x-amz-checksum-crc32", value)])
            #expect(response.error?.code == .badDigest, "\(value)")
        }
        for value in ["x", "AAAAAA==-", "AAAAAA==-x"] {
            let response = try await upload.complete(parts, headers: [("x-amz-checksum-crc32", value)])
            #expect(response.error?.code == .invalidRequest, "\(value)")
        }
        let wrongPart = try await upload.complete(parts) { _ in "<ChecksumCRC32>AAAAAA==</ChecksumCRC32>" }
        #expect(wrongPart.error?.code == .badDigest)
        #expect(upload.fixture.files(in: "objects").isEmpty && upload.fixture.files(in: "incoming").isEmpty)

        let right = try await upload.complete(parts, headers: [("x-amz-checksum-crc32", composed + "-2")]) {
            "<ChecksumCRC32>\(base64(crc(parts[$0 - 1].bytes)))</ChecksumCRC32>"
        }
        #expect(right.status == 200, "\(right.text)")
        let again = try await Upload(upload.fixture)
        for part in parts { #expect(try await again.put(part.number, part.bytes).status == 200) }
        let whole = try await again.complete(parts, headers: [("x-amz-checksum-crc32", "y/Q5Jg==")])
        #expect(whole.status == 200, "\(whole.text)")
    }

    @Test func `all parts together may not be over the limit`() async throws {
        let upload = try await Upload(Fixture(maximumObjectBytes: 10))
        #expect(try await upload.put(1, Array(repeating: 1, count: 11)).error?.code == .entityTooLarge)
        #expect(try await upload.put(1, Array(repeating: 1, count: 6)).status == 200)
        let over = try await upload.put(2, Array(repeating: 1, count: 5))
        #expect(over.error?.code == .entityTooLarge)
        #expect(over.status == 413)
        #expect(try await upload.put(1, Array(repeating: 2, count: 10)).status == 200, "replaces the six")
    }

    @Test func `unknown uploads and uploads of other keys are not found`() async throws {
        let fixture = try Fixture()
        let mine = try await Upload(fixture)
        let other = try await Upload(fixture)
        let ids = [
            other.id, "", "..", "../../objects", String(repeating: "0", count: 32), mine.id.uppercased(),
        ]
        for id in ids where id != mine.id {
            let query = "partNumber=1&uploadId=\(PercentEncoding.encode(id))"
            let response = await fixture.handle(try mine.client.request("PUT", query: query, length: 1), [1])
            #expect(response.error?.code == .noSuchUpload, "\(id)")
        }
    }

    @Test func `a key has a bounded number of unfinished uploads`() async throws {
        let upload = try await Upload(Fixture())
        for _ in 1..<BlobDirectory.maximumUploadsPerKey {
            let response = await upload.fixture.handle(try upload.client.request("POST", query: "uploads"))
            #expect(response.status == 200)
        }
        let response = await upload.fixture.handle(try upload.client.request("POST", query: "uploads"))
        #expect(response.error?.code == .slowDown)
        let abort = try upload.client.request("DELETE", query: "uploadId=\(upload.id)")
        #expect(await upload.fixture.handle(abort).status == 204)
        #expect(
            await upload.fixture.handle(try upload.client.request("POST", query: "uploads")).status == 200)
    }

    @Test func `a body where none belongs is refused`() async throws {
        let upload = try await Upload(Fixture())
        let head = try upload.client.request("POST", query: "uploads", length: 3)
        #expect(upload.fixture.service.check(head, now: Fixture.now)?.error?.code == .entityTooLarge)
        let silent = try upload.client.request("POST", query: "uploads")
        #expect(await upload.fixture.handle(silent, [1, 2, 3]).error?.code == .entityTooLarge)
    }
}
