// Gives a replica its way out before its program begins: rules and interface, side by side, as nothing runs inside yet.

import SlipwayEngine
import SlipwaySockets
import SlipwayTruss

struct WayOut: Sendable {
    let isRoot: Bool
    /// Of root only.
    let machine: MachineNetwork
    let spares: SpareNetworks

    init(isRoot: Bool) {
        self.isRoot = isRoot
        machine = MachineNetwork()
        spares = SpareNetworks(machine: machine)
    }

    /// Why this machine cannot give one; nil when it can.
    var problem: String? { NetworkTools.problem(isRoot: isRoot) }

    /// - Throws: `StartFailure` when this machine cannot give one.
    func check() throws(StartFailure) {
        if let problem {
            throw StartFailure(
                reason:
                    "This machine cannot give replicas a way out of their network: \(problem). Replicas with egress \"none\" need none."
            )
        }
    }

    /// Name servers for the replica.
    func nameServers() -> [String] {
        isRoot ? NameServers.outside(of: HostAddresses.current()) : [UserNetwork.nameServer]
    }

    /// - Parameter allowed: the only addresses it may reach; nil for all that are outside.
    func rules(allowed: [AddressRange]?) -> EgressRules {
        let own = HostAddresses.current()
        return EgressRules(
            allowed: allowed, nameServers: nameServers(), own: isRoot ? own : own.union([UserNetwork.range]))
    }

    /// Replaces the rules of a replica that has a way out already.
    /// - Throws: `SpawnError`.
    func reload(_ record: ReplicaRecord) async throws {
        guard let network = record.network else { return }
        try await NetworkCommand.nft(rules(allowed: record.allowedAddresses).text).run(in: network)
    }

    /// - Parameters:
    ///   - record: keeps the process that belongs to the replica, where there is one; it begins afterwards.
    /// - Throws: what a part of it could not do.
    func open(
        _ process: SpawnedProcess, unit: String, rules: EgressRules,
        record: (SpawnedProcess) throws -> Void
    ) async throws {
        let network = NetworkNamespace.of(pid: process.pid, startTime: process.startTime)
        async let filtered: Void = NetworkCommand.nft(rules.text).run(in: network)
        if isRoot {
            try await machine.connect("\(process.pid)", network)
        } else {
            _ = try await UserNetwork.connect(process, unit: unit, record: record)
        }
        try await filtered
    }
}
