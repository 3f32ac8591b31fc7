// Backpressure policies between the contract and the core.

import SlipwayAPI
import SlipwayCore

extension BackpressurePolicy {
    init?(_ policy: RequestBackpressurePolicyV1?) {
        switch policy {
        case .queueOnFull: self = .queueOnFull
        case .rejectOnFull: self = .rejectOnFull
        case nil: return nil
        }
    }
}

extension RequestBackpressureSettingsV1 {
    init(_ policy: BackpressurePolicy?) {
        switch policy {
        case .queueOnFull: self.init(policy: .queueOnFull)
        case .rejectOnFull: self.init(policy: .rejectOnFull)
        case nil: self.init()
        }
    }
}
