// Keeps the ways out of running replicas: a helper that died is started again, and when the addresses of this machine
// change, none of them may be reached under a new one.

import Foundation
import SlipwayCore

extension LocalEngine {
    private static let checkInterval: Duration = .seconds(2)

    /// Runs until the engine stops.
    func keepWaysOut() async {
        var own = HostAddresses.current()
        while !isStopped {
            try? await Task.sleep(for: Self.checkInterval)
            let current = HostAddresses.current()
            let isChanged = current != own
            var failed = false
            for id in running.keys {
                guard let record = running[id]?.record, record.hasWayOut, record.process.isRunning else {
                    continue
                }
                do {
                    if isChanged { try await wayOut.reload(record) }
                    if let helper = record.helper, helper.exitCode != nil { try await restoreHelper(of: id) }
                } catch {
                    failed = true
                    logger.warning(
                        "a replica's way out cannot be kept",
                        metadata: ["replica": "\(id)", "reason": "\(error)"])
                }
            }
            // Until all have the rules of the new addresses, they are tried again.
            if !failed { own = current }
        }
    }

    private func restoreHelper(of id: ReplicaID) async throws {
        guard var record = running[id]?.record else { return }
        let unit = UnitDirectory(root: configuration.root, id: id)
        _ = try await UserNetwork.connect(record.process, unit: unit.path) { helper in
            record.helper = helper
            try unit.write(record)
        }
        // It may have been stopped meanwhile, without knowing of this one.
        if running[id] == nil { await record.endHelper() } else { running[id]?.record.helper = record.helper }
    }
}
