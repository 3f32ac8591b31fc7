// The phase of one replica, told from two tasks: nothing is told after its end.

import SlipwayCore
import SlipwayEngine
import Synchronization

final class PhaseReports: Sendable {
    private let record: ReplicaRecord
    private let phase: Mutex<ReplicaPhase>
    /// Why this server ends it, if it does.
    private let cause = Mutex<String?>(nil)
    private let report: @Sendable (EngineEvent) -> Void

    init(record: ReplicaRecord, initial: ReplicaPhase, report: @escaping @Sendable (EngineEvent) -> Void) {
        self.record = record
        phase = Mutex(initial)
        self.report = report
    }

    var current: ReplicaPhase { phase.withLock { $0 } }

    /// Tells a phase that is another one than before.
    func change(to new: ReplicaPhase, reason: String? = nil) {
        let endpoint = record.endpoint
        // Inside the lock, so that the order of the reports is that of the phases.
        phase.withLock { phase in
            if case .exited = phase { return }
            guard phase != new else { return }
            phase = new
            report(.phase(record.replicaID, new, endpoint: endpoint, reason: reason))
        }
    }

    /// Why the replica is about to be ended from here.
    func explainEnd(_ reason: String) { cause.withLock { $0 = reason } }

    func end(code: Int32, reason: String) {
        let reason = cause.withLock { $0 } ?? reason
        phase.withLock { phase in
            phase = .exited(code: code)
            report(.phase(record.replicaID, phase, endpoint: nil, reason: reason))
        }
    }
}
