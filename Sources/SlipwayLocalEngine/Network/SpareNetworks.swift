// A network with its way out, kept for the replica that starts next: to make one takes as long as all else of a start.
// Only root has them; an ordinary user's is made by a process beside the replica.

import CSlipwayLinux
import Foundation
import SlipwaySockets

actor SpareNetworks {
    private struct Spare {
        var network: NetworkNamespace
        var rules: EgressRules
    }

    /// So long after a start, when the replica has what it needs of the machine.
    private static let pause: Duration = .seconds(2)

    private let machine: MachineNetwork
    private var spare: Spare?
    private var making: Task<Void, Never>?

    init(machine: MachineNetwork) { self.machine = machine }

    /// - Returns: one that nothing has been in and that has these very rules; nil when there is none.
    func take(_ rules: EgressRules) -> NetworkNamespace? {
        guard let found = spare, found.rules == rules else { return nil }
        spare = nil
        return found.network
    }

    /// Makes the next one, after a while. One that cannot be made is missed by nobody: a start makes its own, and says
    /// why it cannot.
    func refill(_ rules: EgressRules) {
        guard making == nil, spare?.rules != rules else { return }
        making = Task {
            try? await Task.sleep(for: Self.pause)
            if let network = try? await make(rules), !Task.isCancelled {
                spare = Spare(network: network, rules: rules)
            }
            making = nil
        }
    }

    /// Ends the making of one and lets go of what there is.
    func stop() async {
        making?.cancel()
        await making?.value
        spare = nil
    }

    private func make(_ rules: EgressRules) async throws -> NetworkNamespace {
        let file = slipway_make_network()
        guard file >= 0 else { throw SpawnError("A network namespace", code: errno) }
        let network = NetworkNamespace(owning: file)
        try await NetworkCommand.nft(rules.text).run(in: network)
        try await machine.connect("/proc/\(getpid())/fd/\(file)", network)
        return network
    }
}
