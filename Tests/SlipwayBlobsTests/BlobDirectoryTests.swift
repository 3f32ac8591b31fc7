// Objects on the disk: replacing, importing, removing, sweeping, and a disk that is full.
import Foundation
import Testing

@testable import SlipwayBlobs

@Suite struct BlobDirectoryTests {
    @Test func `an object is replaced whole and its old file is gone`() throws {
        let fixture = try Fixture()
        let directory = fixture.service.directory
        let first = try directory.put("k", [1, 2, 3])
        #expect(first.etag == "5289df737df57326fcdd22597afb1fac")
        #expect(try directory.path(forKey: "k") == first.path)
        let second = try directory.put("k", [4])
        #expect(try directory.object(forKey: "k") == second)
        #expect(!FileManager.default.fileExists(atPath: first.path))
        #expect(try fixture.stored("k") == [4])
        try directory.put("k", [4])
        #expect(try fixture.stored("k") == [4])
    }

    @Test func `objects survive a reopening and only their owner can read them`() throws {
        let fixture = try Fixture()
        let object = try fixture.service.directory.put("a/b", [1])
        let reopened = try BlobDirectory(root: fixture.root, maximumObjectBytes: 10)
        #expect(try reopened.object(forKey: "a/b") == object)
        let attributes = try FileManager.default.attributesOfItem(atPath: object.path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    @Test func `a local file is imported with its bytes and size limit`() throws {
        let fixture = try Fixture(maximumObjectBytes: 3_000_000)
        let source = fixture.root + "/source"
        let bytes = (0..<2_500_000).map { UInt8(truncatingIfNeeded: $0) }
        try Data(bytes).write(to: URL(fileURLWithPath: source))
        let object = try fixture.service.directory.importFile(at: source, key: "k")
        #expect(object.size == 2_500_000)
        #expect(try fixture.stored("k") == bytes)

        let small = try BlobDirectory(root: fixture.root + "/small", maximumObjectBytes: 2_499_999)
        #expect(throws: BlobError.tooLarge(limit: 2_499_999)) { try small.importFile(at: source, key: "k") }
        #expect(throws: BlobError.tooLarge(limit: 2_499_999)) { try small.put("k", bytes) }
        #expect(try Disk.entries(fixture.root + "/small/incoming").isEmpty)
        #expect(throws: BlobError.self) { try small.importFile(at: source + "-missing", key: "k") }
    }

    @Test func `a body that comes without S3 is stored whole or not at all`() async throws {
        let fixture = try Fixture(maximumObjectBytes: 10)
        let key = fixture.service.newKey()
        let object = try await fixture.service.receive(key: key, body: Pieces(bytes: [1, 2, 3], size: 2))
        #expect(object.etag == "5289df737df57326fcdd22597afb1fac")
        #expect(try fixture.stored(key) == [1, 2, 3])

        let tooLong = Pieces(bytes: Array(repeating: 1, count: 11), size: 4)
        let large = await #expect(throws: S3Error.self) {
            try await fixture.service.receive(key: key, body: tooLong)
        }
        #expect(large?.code == .entityTooLarge)
        let broken = Pieces(bytes: [1], size: 1, breaksOff: true)
        let early = await #expect(throws: S3Error.self) {
            try await fixture.service.receive(key: key, body: broken)
        }
        #expect(early?.code == .incompleteBody)
        await #expect(throws: BlobError.badKey("../k")) {
            try await fixture.service.receive(key: "../k", body: Pieces(bytes: [1], size: 1))
        }
        #expect(try fixture.stored(key) == [1, 2, 3])
        #expect(fixture.files(in: "incoming").isEmpty)
    }

    @Test func `a removed object is gone, and removing nothing is fine`() throws {
        let fixture = try Fixture()
        let directory = fixture.service.directory
        try directory.put("k", [1])
        try directory.put("other", [1])
        try directory.remove("k")
        try directory.remove("k")
        #expect(try directory.path(forKey: "k") == nil)
        #expect(try directory.path(forKey: "other") != nil)
    }

    @Test(arguments: ["", "../k", "/etc/passwd", "a//b", "a\u{0}"])
    func `bad keys reach nothing`(key: String) throws {
        let fixture = try Fixture()
        let directory = fixture.service.directory
        #expect(try directory.path(forKey: key) == nil)
        #expect(throws: BlobError.badKey(key)) { try directory.put(key, [1]) }
        #expect(throws: BlobError.badKey(key)) { try directory.remove(key) }
        #expect(throws: BlobError.badKey(key)) { try directory.importFile(at: "/etc/hostname", key: key) }
        #expect(fixture.files(in: "objects").isEmpty && fixture.files(in: "incoming").isEmpty)
    }

    @Test func `after a crash between two renames the newer file is the object`() throws {
        let fixture = try Fixture()
        let new = try fixture.service.directory.put("k", [2])
        let old = Disk.parent(of: new.path) + "/" + String(repeating: "0", count: 32)
        try Data([1]).write(to: URL(fileURLWithPath: old))
        try FileManager.default.setAttributes(
            [.modificationDate: new.modified - 60], ofItemAtPath: old)
        #expect(try fixture.service.directory.path(forKey: "k") == new.path)
    }

    @Test func `a sweep removes what was abandoned for a day and keeps the rest`() throws {
        let fixture = try Fixture()
        let directory = fixture.service.directory
        let key = try #require(BlobKey("k"))
        try directory.put("k", [1])
        let id = try directory.createUpload(key)
        let crashed = fixture.root + "/incoming/left-over"
        try Data([1]).write(to: URL(fileURLWithPath: crashed))
        try Disk.makeDirectory(fixture.root + "/incoming/half-joined")
        try Data([1]).write(to: URL(fileURLWithPath: fixture.root + "/incoming/half-joined/1.x"))

        let now = Date()
        #expect(try directory.sweep(now: now + 86_000) == 0)
        #expect(try directory.uploadedBytes(key, uploadID: id, except: 0) == 0)
        #expect(try directory.sweep(now: now + 86_500) == 3)
        #expect(throws: BlobError.noSuchUpload) { try directory.uploadedBytes(key, uploadID: id, except: 0) }
        #expect(fixture.files(in: "incoming").isEmpty && fixture.files(in: "uploads").isEmpty)
        #expect(try fixture.stored("k") == [1])
    }

    @Test func `objects that nothing names go after a day`() throws {
        let fixture = try Fixture()
        let directory = fixture.service.directory
        for key in ["used", "lost"] { try directory.put(key, [1]) }
        let now = Date()
        #expect(try directory.sweep(now: now + 86_000, keeping: { ["used"] }) == 0)
        #expect(try fixture.stored("lost") == [1], "it may be about to be pushed")
        #expect(try directory.sweep(now: now + 86_500, keeping: { ["used"] }) == 1)
        #expect(try directory.path(forKey: "lost") == nil)
        #expect(try fixture.stored("used") == [1])
        #expect(fixture.files(in: "incoming").isEmpty)
    }

    @Test func `an object that is used from the middle of a sweep on stays`() throws {
        let fixture = try Fixture()
        let directory = fixture.service.directory
        for key in ["pushed", "lost"] { try directory.put(key, [1]) }
        var used: [Set<String>] = [[]]
        let removed = try directory.sweep(now: Date() + 86_500) {
            defer { used.append(["pushed"]) }
            return used[used.count - 1]
        }
        #expect(removed == 1)
        #expect(try fixture.stored("pushed") == [1])
        #expect(try directory.path(forKey: "lost") == nil)
    }

    @Test func `an object whose time was set after the sweep had asked stays`() throws {
        let fixture = try Fixture()
        let directory = fixture.service.directory
        let object = try directory.put("k", [1])
        let now = Date() + 86_500
        var asked = 0
        let removed = try directory.sweep(now: now) {
            asked += 1
            if asked == 2 {
                try FileManager.default.setAttributes([.modificationDate: now], ofItemAtPath: object.path)
            }
            return []
        }
        #expect(removed == 0 && asked == 2)
        #expect(try fixture.stored("k") == [1])
    }

    @Test func `a dropped file removes itself`() throws {
        let fixture = try Fixture()
        var file: IncomingFile? = try fixture.service.directory.incomingFile()
        try file?.write([1, 2, 3])
        #expect(fixture.files(in: "incoming").count == 1)
        file = nil
        #expect(fixture.files(in: "incoming").isEmpty)
    }

    @Test func `a failed disk answers with an internal error that names no path`() async throws {
        let fixture = try Fixture()
        let client = TestClient(try fixture.service.issueUpload(now: Fixture.now))
        try FileManager.default.removeItem(atPath: fixture.root + "/incoming")
        let response = await fixture.handle(try client.request("PUT", length: 1), [1])
        #expect(response.status == 500)
        #expect(response.error?.diagnostic?.hasPrefix("create file: ") == true)
        #expect(!response.text.contains(fixture.root) && !response.text.contains("create file"))
    }

    #if os(Linux)
        @Test func `a full disk is told apart from other failures`() throws {
            let full = open("/dev/full", O_WRONLY)
            try #require(full >= 0)
            defer { close(full) }
            let error = #expect(throws: BlobError.self) { try IncomingFile.writeAll([1], to: full) }
            #expect(error == .noSpace(operation: "write file"))
            let answer = S3Error(try #require(error))
            #expect(answer.code == .insufficientStorage)
            #expect(answer.code.status == 507)
        }
    #endif
}
