// Finds the replicas of an earlier server that still run, and ends and clears away what is left of the others.

import Foundation
import SlipwayCore
import SlipwayEngine

struct Adoption: Sendable {
    /// Of the engine.
    let root: String
    let groups: ControlGroups
    /// Whether replicas that share this machine's network, as those of earlier versions may, are replaced.
    let requiresNetwork: Bool
    /// How long what is left of an ended replica may take to be gone.
    private static let patience: Duration = .seconds(5)

    typealias Unit = (record: ReplicaRecord, unit: UnitDirectory, phase: ReplicaPhase)

    /// The replicas that run, each with what it answers now. All are looked at side by side: one that hangs must not
    /// keep the others waiting.
    func units() async throws -> [Unit] {
        let names = try FileManager.default.contentsOfDirectory(atPath: root + "/replicas")
        return await withTaskGroup(of: Unit?.self) { group in
            for name in names { group.addTask { await look(ReplicaID(name)) } }
            return await group.reduce(into: []) { if let unit = $1 { $0.append(unit) } }
        }
    }

    private func look(_ id: ReplicaID) async -> Unit? {
        let unit = UnitDirectory(root: root, id: id)
        let record = unit.record()
        let isOfThisBoot = record?.bootID == ReplicaRecord.currentBootID
        if let record, isOfThisBoot, record.process.isRunning, record.ownsNetwork || !requiresNetwork {
            let isReady = await ReadinessProbe.isReady(record.address, path: record.readinessPath)
            return (record, unit, isReady ? .ready : .loading)
        }
        // Others of it may run on after its first process.
        if isOfThisBoot {
            await record?.process.endGroup(within: Self.patience)
            await record?.endHelper()
        }
        // A start that was cut off has a group before it has a record.
        await (record?.controlGroup ?? groups.existing(id))?.remove()
        Trash(root: root).take(unit.path)
        return nil
    }
}
