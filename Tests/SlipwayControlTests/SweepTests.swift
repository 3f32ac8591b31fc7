// What an earlier process could not remove before it died.

import Foundation
import SlipwayCore
import SlipwayEngine
import SlipwayTestSupport
import Synchronization
import Testing

@testable import SlipwayControl

@Suite struct SweepTests {
    @Test("logs and images of deployments that are gone are removed at the start, and archives are looked at")
    func leftBehind() async throws {
        let directory = FileManager.default.temporaryDirectory.path + "/sweep-\(UUID())"
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let logs = directory + "/logs/ghost01"
        try FileManager.default.createDirectory(atPath: logs, withIntermediateDirectories: true)
        let image = BuiltImage(id: ImageID("ghost"), predictPath: "/", predictConcurrency: 1)
        let engine = ScriptedEngine(images: [image])
        let used = Mutex<[Set<String>]>([])
        try await World.run(in: directory, engine: engine) { dependencies in
            dependencies.sweepArchives = { keys in used.withLock { $0.append((try? keys()) ?? ["none"]) } }
        } _: { world in
            try await world.until("nothing is left") {
                engine.images.isEmpty && !FileManager.default.fileExists(atPath: logs)
            }
            let deployment = try await world.push()
            try await world.serves(deployment)
            let first = used.withLock { $0 }
            #expect(first == [[]])
        }
        // The same records once more: what they use stays.
        let used2 = Mutex<[Set<String>]>([])
        try await World.run(in: directory, engine: engine) { dependencies in
            dependencies.sweepArchives = { keys in used2.withLock { $0.append((try? keys()) ?? ["none"]) } }
        } _: { world in
            try await world.until("archives were looked at") { used2.withLock { !$0.isEmpty } }
            let deployments = try await world.store.read { try $0.deployments() }
            #expect(used2.withLock { $0[0] } == Set(deployments.map(\.archiveKey)))
            #expect(engine.images.map(\.id) == deployments.compactMap(\.imageID))
        }
    }

    @Test("a push sets the time of its archive, so that no sweep takes it for abandoned")
    func pushRenews() async throws {
        try await World.run { world in
            let key = try world.archive()
            let path = "\(world.directory)/\(key)"
            let old = Date(timeIntervalSinceNow: -100_000)
            try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: path)
            _ = try await world.control.push(
                .init(target: .modelNamed("m", team: nil), archiveKey: key, isDevelopment: false),
                by: world.admin)
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            let time = try #require(attributes[.modificationDate] as? Date)
            #expect(time.timeIntervalSince(old) > 90_000)
        }
    }

    @Test("a replica that writes until its end leaves no log of a deleted deployment")
    func lateLines() async throws {
        try await World.run { world in
            let deployment = try await world.push()
            try await world.serves(deployment)
            let path = "\(world.directory)/logs/\(deployment.id)"
            try await world.until("it has a log") { FileManager.default.fileExists(atPath: path) }
            try await world.control.deleteModel(deployment.modelID, by: world.admin)
            world.inbox.log(LogEntry(at: world.clock.now, "the last words", level: .info), of: deployment.id)
            try await world.until("everything is gone") {
                world.engine.running.isEmpty && !FileManager.default.fileExists(atPath: path)
            }
        }
    }
}
