// The way out of one step of a build: a network of its own, as replicas with a way out have it, and in it what the
// operator has named for builds.

import Foundation
import SlipwayEngine
import SlipwaySockets

actor BuildNetwork {
    private let wayOut: WayOut
    private let register: ProcessRegister
    private let services: OperatorServices
    /// The /etc/resolv.conf of the step.
    nonisolated let resolver: String
    private var own: Set<String>
    private var helper: SpawnedProcess?
    private var relay: BuildRelay?
    private var renewal: Task<Void, Never>?

    private static let checkInterval: Duration = .seconds(2)
    private static let namePort = 53

    /// - Throws: `BuildFailure` when this machine cannot give one.
    init(_ wayOut: WayOut, register: ProcessRegister) async throws {
        if let problem = wayOut.problem {
            throw BuildFailure(
                reason:
                    "This machine cannot give builds a way out of their network: \(problem). Where every model is your own, --isolation none does without."
            )
        }
        self.wayOut = wayOut
        self.register = register
        let own = HostAddresses.current()
        self.own = own
        var services = try await Blocking.run { OperatorServices(.current(), own: own) }
        let nameServers = wayOut.nameServers()
        if nameServers.isEmpty {
            // The machine's own resolver is all there is: without it no package would be found.
            let places = NameServers.onMachine(own).map { NamedAddress(address: $0, port: Self.namePort) }
            let here = try await Blocking.run { places.filter(OperatorServices.answers) }
            services.local += here
            resolver = NameServers.configuration(here.map(\.address), byTCP: true)
        } else {
            resolver = NameServers.configuration(nameServers)
        }
        self.services = services
    }

    private var rules: EgressRules {
        var rules = wayOut.rules(allowed: nil)
        rules.named = services.remote
        return rules
    }

    /// Before the program of the process begins.
    /// - Throws: what a part of it could not do; `close` is to be called then too.
    func open(_ process: SpawnedProcess, unit: String) async throws {
        let network = NetworkNamespace.of(pid: process.pid, startTime: process.startTime)
        var started: SpawnedProcess?
        let register = register
        do {
            try await wayOut.open(process, unit: unit, rules: rules) {
                started = $0
                try register.note($0)
            }
        } catch {
            helper = started
            throw error
        }
        helper = started
        let added = Set(services.local.map(\.address)).filter { $0 != "::1" && !$0.hasPrefix("127.") }
        if !added.isEmpty {
            try await NetworkCommand.ip(added.sorted().map { "address add \($0)/32 dev lo" }).run(in: network)
        }
        relay = try await BuildRelay(services.local, in: network)
        // Root's machine refuses its addresses by where packets come from; here they are named one by one.
        if !wayOut.isRoot { renewal = Task { await keepRules(in: network) } }
    }

    func close() async {
        renewal?.cancel()
        await relay?.end()
        guard let helper else { return }
        helper.signal(SIGKILL)
        while helper.exitCode == nil { try? await Task.sleep(for: .milliseconds(2)) }
        register.forget(helper)
    }

    private func keepRules(in network: NetworkNamespace) async {
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.checkInterval)
            let current = HostAddresses.current()
            if current == own || Task.isCancelled { continue }
            if (try? await NetworkCommand.nft(rules.text).run(in: network)) != nil { own = current }
        }
    }
}
