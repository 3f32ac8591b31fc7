// What the store makes of a disk and a database that fail, and the copies that help.

import Foundation
import GRDB
import SlipwayCore
import Testing

@testable import SlipwayStore

@Suite struct DamageTests {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("damage-\(UUID())").path
    var path: String { directory + "/slipway.sqlite" }

    init() throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    /// A closed database of some hundred pages.
    private func make() async throws {
        let store = try Store(path: path)
        try await store.write { db in try Self.fill(db, 0..<3000) }
        try store.close()
        try checkpoint()
    }

    /// Everything into the main file, so that what is damaged there is what is read.
    private func checkpoint() throws {
        let other = try DatabaseQueue(path: path)
        try other.inDatabase { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
        try other.close()
    }

    private static func fill(_ db: StoreWriter, _ numbers: Range<Int>) throws {
        let moment = Timestamp(microseconds: 1)
        let team = Team(id: Identifier("team1"), name: "default", isDefault: true, createdAt: moment)
        if numbers.lowerBound == 0 { try db.insert(team) }
        for number in numbers {
            let model = Model(
                id: Identifier("model\(number)"), name: "model \(number)", teamID: team.id, createdAt: moment)
            try db.insert(model)
            try db.insert(
                Deployment(
                    id: Identifier("dep\(number)"), modelID: model.id, name: "deployment-1",
                    createdAt: moment,
                    isDevelopment: false, archiveKey: "archives/\(number)", rawConfig: nil, configJSON: "{}",
                    instanceTypeID: "1x2"))
        }
    }

    private func overwrite(_ path: String, at offset: Int, _ count: Int) throws {
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        try file.seek(toOffset: UInt64(offset))
        try file.write(contentsOf: Data(repeating: 0xA5, count: count))
        try file.close()
    }

    @Test("a damaged page is found at the start; the error names the file and the way back")
    func damagedAtStart() async throws {
        try await make()
        let size = try #require(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
        try overwrite(path, at: size / 2 / 4096 * 4096, 4096)
        do {
            _ = try Store(path: path)
            Issue.record("a damaged database was opened")
        } catch {
            #expect(error.description.contains(path))
            #expect(error.description.contains("damaged"))
            #expect(error.description.contains("slipway restore FILE --replace --data-dir \(directory)"))
        }
    }

    @Test("a page that is damaged while it is used fails what needs it, and the problem stays known")
    func damagedInUse() async throws {
        let store = try Store(path: path)
        try await store.write { db in try Self.fill(db, 0..<3000) }
        try checkpoint()
        #expect(store.problem == nil)
        let size = try #require(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
        for page in stride(from: 20 * 4096, to: size, by: 4096) { try overwrite(path, at: page, 4096) }
        await #expect(throws: StorageFailure.self) { _ = try await store.read { try $0.deployments() } }
        #expect(store.problem?.kind == .damaged)
        await store.probe()
        #expect(store.problem?.kind == .damaged)
        #expect(store.problem?.publicMessage.contains(directory) == false)
        try? store.close()
    }

    @Test("a probe of the disk is no change: what was read before it still holds")
    func probeIsNoWrite() async throws {
        let store = try Store(path: path)
        let version = store.version
        await store.probe()
        #expect(store.version == version && store.problem == nil)
    }

    @Test("a file that cannot be opened is not called a disk that is read-only")
    func cannotOpen() throws {
        let failure = try #require(
            StorageFailure(DatabaseError(resultCode: .SQLITE_CANTOPEN), path: "/data/slipway.sqlite"))
        #expect(failure.kind == .closed)
        #expect(failure.description.contains("too many files"))
        #expect(failure.publicMessage.contains("too many files"))
        #expect(!failure.publicMessage.contains("/data"))
    }

    @Test("a copy is what was committed when it was made, while writes go on, and can be opened")
    func copy() async throws {
        let store = try Store(path: path)
        try await store.write { db in try Self.fill(db, 0..<10) }
        async let writes: Void = {
            for number in 10..<60 { try await store.write { db in try Self.fill(db, number..<number + 1) } }
        }()
        for number in 0..<5 {
            let copy = try DatabaseCopy(of: path, to: "\(directory)/copy-\(number)")
            #expect(copy.models >= 10 && copy.models == copy.deployments)
            #expect(copy.archiveKeys.count == copy.deployments)
        }
        try await writes
        let last = try DatabaseCopy(of: path, to: directory + "/last")
        #expect(last.models == 60)
        let opened = try Store(path: last.path)
        #expect(try await opened.read { try $0.models().count } == 60)
    }

    @Test("a copy of a damaged database is refused")
    func damagedCopy() async throws {
        try await make()
        let size = try #require(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
        try overwrite(path, at: size / 2 / 4096 * 4096, 4096)
        // Not the copy itself, which would be told with all its keys where it is not refused.
        #expect(throws: StoreError.self) { _ = try DatabaseCopy(of: path, to: directory + "/copy").models }
    }

    @Test("the latest time in the records is found, and there is none in a new database")
    func latest() async throws {
        let store = try Store(path: path)
        #expect(try await store.read { try $0.latestTime() } == nil)
        try await store.write { db in try Self.fill(db, 0..<1) }
        #expect(try await store.read { try $0.latestTime() } == Timestamp(microseconds: 1))
    }
}
