// The store on real files: what is written is found again, what fails leaves nothing.

import Foundation
import GRDB
import SlipwayCore
import Testing

@testable import SlipwayStore

@Suite struct StoreTests {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("store-\(UUID())").path
    let now = Timestamp(microseconds: 1_700_000_000_000_001)

    init() throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    func filled() async throws -> (Store, Model, Deployment) {
        let store = try Store(path: directory + "/slipway.sqlite")
        let team = Team(id: Identifier("team1"), name: "default", isDefault: true, createdAt: now)
        let model = Model(id: Identifier("model001"), name: "hello", teamID: team.id, createdAt: now)
        var deployment = Deployment(
            id: Identifier("dep0001"), modelID: model.id, name: "deployment-1", createdAt: now,
            isDevelopment: false, archiveKey: "a/b", rawConfig: "model_name: hello", configJSON: "{}",
            instanceTypeID: "1x2", labelsJSON: #"{"a":1}"#)
        deployment.statusReason = "Because."
        deployment.deployStartedAt = now
        deployment.backpressure = .rejectOnFull
        try await store.write { [deployment] db in
            try db.insert(team)
            try db.insert(model)
            try db.insert(deployment)
            var environment = Environment(modelID: model.id, name: "production", createdAt: now)
            environment.backpressure = .rejectOnFull
            try db.insert(environment)
        }
        return (store, model, deployment)
    }

    @Test("every field of a deployment survives closing and opening again")
    func roundTrip() async throws {
        let (store, model, deployment) = try await filled()
        try store.close()
        let again = try Store(path: directory + "/slipway.sqlite")
        let found = try await again.read { try $0.deployment(deployment.id) }
        #expect(found == deployment)
        #expect(try await again.read { try $0.model(named: "hello", of: model.teamID) } == model)
    }

    @Test("a list of models counts deployments and names those that serve, of the asked team and name only")
    func summaries() async throws {
        let (store, model, first) = try await filled()
        #expect(
            try await store.read { try $0.modelSummaries() } == [
                ModelSummary(
                    model: model, teamName: "default", deploymentsCount: 1, instanceTypeID: "1x2")
            ])
        let later = now + .seconds(1)
        let empty = Model(id: Identifier("model002"), name: "other", teamID: model.teamID, createdAt: later)
        try await store.write { db in
            for (id, isDevelopment, type) in [("dep0002", true, "2x8"), ("dep0003", false, "4x16")] {
                try db.insert(
                    Deployment(
                        id: Identifier(id), modelID: model.id, name: id, createdAt: later,
                        isDevelopment: isDevelopment, archiveKey: "k", rawConfig: nil, configJSON: "{}",
                        instanceTypeID: type))
            }
            try db.insert(empty)
        }
        // The newest one's type, by the id where two are of one time, until production serves.
        let before = try await store.read { try $0.modelSummary(of: model) }
        #expect(before.instanceTypeID == "2x8" && before.productionDeploymentID == nil)
        try await store.write { db in
            var production = try #require(try db.environment("production", of: model.id))
            production.currentDeploymentID = first.id
            try db.update(production)
        }
        let summary = ModelSummary(
            model: model, teamName: "default", deploymentsCount: 3, productionDeploymentID: first.id,
            developmentDeploymentID: Identifier("dep0002"), instanceTypeID: "1x2")
        let none = ModelSummary(model: empty, teamName: "default", deploymentsCount: 0)
        let (all, named, prefix, foreign) = try await store.read { db in
            (
                try db.modelSummaries(), try db.modelSummaries(of: model.teamID, named: "other"),
                try db.modelSummaries(named: "hell"), try db.modelSummaries(of: Identifier("team2"))
            )
        }
        #expect(all == [summary, none] && named == [none] && prefix.isEmpty && foreign.isEmpty)
    }

    @Test("a transaction that throws leaves no trace")
    func rollback() async throws {
        struct Stop: Error {}
        let (store, model, deployment) = try await filled()
        await #expect(throws: Stop.self) {
            try await store.write { db in
                try db.deleteModel(model.id)
                throw Stop()
            }
        }
        #expect(try await store.read { try $0.deployments(of: model.id) } == [deployment])
    }

    @Test("a second development deployment or a second running promotion is refused by the schema")
    func uniqueness() async throws {
        let (store, model, _) = try await filled()
        @Sendable func development(_ id: String) -> Deployment {
            Deployment(
                id: Identifier(id), modelID: model.id, name: id, createdAt: now, isDevelopment: true,
                archiveKey: "k", rawConfig: nil, configJSON: "{}", instanceTypeID: "1x2")
        }
        try await store.write { try $0.insert(development("dev0001")) }
        await #expect(throws: (any Error).self) {
            try await store.write { try $0.insert(development("dev0002")) }
        }
        @Sendable func promotion(_ id: String) -> Promotion {
            Promotion(
                id: Identifier(id), modelID: model.id, environment: "production",
                candidateID: Identifier("dep0001"), previousID: nil, scaleDownPrevious: true,
                candidateIsCopy: false, createdAt: now)
        }
        try await store.write { try $0.insert(promotion("p1")) }
        await #expect(throws: (any Error).self) { try await store.write { try $0.insert(promotion("p2")) } }
        #expect(
            try await store.read { try $0.runningPromotion(into: "production", of: model.id)?.id.text }
                == "p1")
    }

    @Test("deleting a model removes everything below it")
    func cascade() async throws {
        let (store, model, deployment) = try await filled()
        try await store.write { db in
            var environment = try #require(try db.environment("production", of: model.id))
            environment.currentDeploymentID = deployment.id
            try db.update(environment)
            try db.deleteModel(model.id)
        }
        #expect(try await store.read { try $0.deployments() }.isEmpty)
        #expect(try await store.read { try $0.environments() }.isEmpty)
    }

    @Test("a transaction tells which rows it changed; one taken back tells of none")
    func changes() async throws {
        struct Stop: Error {}
        let (store, model, deployment) = try await filled()
        var version = store.version
        #expect(store.rows(changedAfter: version)?.isEmpty == true)
        try await store.write { try $0.update(deployment) }
        let row = try #require(try await store.read { try $0.keptDeployments() }.first?.row)
        #expect(store.rows(changedAfter: version) == ChangedRows([.deployments: [row]]))
        let kept = try await store.read { try $0.keptDeployments([row, row + 1]) }
        #expect(kept.map(\.record.id) == [deployment.id])
        #expect(try await store.read { try $0.rows(of: .deployments, after: row, limit: 5) }.isEmpty)

        version = store.version
        await #expect(throws: Stop.self) {
            try await store.write { db in
                try db.deleteModel(model.id)
                throw Stop()
            }
        }
        #expect(store.rows(changedAfter: version)?.isEmpty == true)
        try await store.write { try $0.deleteModel(model.id) }
        let changed = try #require(store.rows(changedAfter: version))
        #expect(Set(changed.rows.keys) == [.models, .deployments, .environments], "cascades tell too")
    }

    @Test("who is too far behind is told to read everything")
    func forgottenChanges() throws {
        let (queue, changes) = (try DatabaseQueue(), RecordChanges(mostRows: 10))
        queue.add(transactionObserver: changes)
        try queue.write { try $0.execute(sql: "CREATE TABLE deployments (id TEXT)") }
        func insert(_ count: Int) throws {
            try queue.write { db in
                for _ in 0..<count { try db.execute(sql: "INSERT INTO deployments VALUES ('d')") }
            }
        }
        let begin = changes.version
        for _ in 0..<5 { try insert(2) }
        #expect(changes.rows(changedAfter: begin)?.count == 10)
        try insert(1)
        #expect(changes.rows(changedAfter: begin) == nil)
        #expect(changes.rows(changedAfter: changes.version - 3)?.count == 5)
        let before = changes.version
        try insert(11)
        #expect(changes.rows(changedAfter: before) == nil, "one transaction of too many")
        #expect(changes.rows(changedAfter: changes.version)?.isEmpty == true)
    }

    @Test("a row whose text is none of a column's choices is an error, not a trap")
    func unknownChoice() async throws {
        let (store, _, _) = try await filled()
        try await store.write { try $0.db.execute(sql: "UPDATE deployments SET status = 'LOST'") }
        await #expect(throws: (any Error).self) { try await store.read { try $0.deployments() } }
    }

    @Test("a file that is no database is refused with advice")
    func damaged() throws {
        let path = directory + "/broken.sqlite"
        try Data(repeating: 7, count: 8192).write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: StoreError.self) { try Store(path: path) }
        #expect(error?.description.contains("damaged") == true)
    }

    @Test("what a newer version has changed is not opened, and not touched")
    func newer() async throws {
        let (store, _, _) = try await filled()
        try await store.write { writer in
            try writer.db.execute(sql: "INSERT INTO grdb_migrations (identifier) VALUES ('of next year')")
        }
        try store.close()
        let error = #expect(throws: StoreError.self) { try Store(path: directory + "/slipway.sqlite") }
        #expect(error?.description.contains("a newer version of Slipway") == true)
    }

    @Test("another process cannot open a database that is in use; it can once that is closed")
    func oneProcess() async throws {
        let path = directory + "/slipway.sqlite"
        let holder = Process()
        holder.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        // What another server does first, by other means.
        holder.arguments = [
            "python3", "-c",
            """
            import fcntl, sys
            file = open(sys.argv[1], "a+")
            fcntl.lockf(file, fcntl.LOCK_EX)
            print("held", flush=True)
            sys.stdin.read()
            """, path + ".lock",
        ]
        let (input, output) = (Pipe(), Pipe())
        holder.standardInput = input
        holder.standardOutput = output
        try holder.run()
        #expect(output.fileHandleForReading.availableData.starts(with: "held".utf8))
        let error = #expect(throws: StoreError.self) { try Store(path: path) }
        #expect(error?.description.contains("process \(holder.processIdentifier) uses it") == true)
        #expect(!FileManager.default.fileExists(atPath: path))
        try input.fileHandleForWriting.close()
        holder.waitUntilExit()
        let (store, _, _) = try await filled()
        try store.close()
    }

    @Test("writes are synchronous and journaled ahead")
    func durability() async throws {
        let (store, _, _) = try await filled()
        let (mode, level) = try await store.write { writer in
            (
                try String.fetchOne(writer.db, sql: "PRAGMA journal_mode"),
                try Int.fetchOne(writer.db, sql: "PRAGMA synchronous")
            )
        }
        #expect(mode == "wal")
        #expect(level == 2)
    }
}
