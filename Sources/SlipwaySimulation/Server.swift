// One life of the server: the real control plane on the simulated machine, from its start to its crash.

import Logging
import SlipwayControl
import SlipwayCore
import SlipwayGateway
import SlipwayLogs
import SlipwayStore

final class Server: @unchecked Sendable {
    let control: ControlPlane
    let engine: SimulatedEngine
    let gateway: SimulatedGateway
    /// Set once it serves.
    private(set) var caller: Caller?
    private(set) var isDead = false
    private let world: World
    private let faults: SimulatedStoreFaults
    private var work: Task<Void, Never>?

    init(world: World) throws {
        self.world = world
        faults = SimulatedStoreFaults(world: world)
        engine = SimulatedEngine(world: world)
        let logs = LogStore.discarding
        let inbox = DemandInbox(logs: logs)
        gateway = SimulatedGateway(world: world, inbox: inbox)
        let machine = world.machine
        var dependencies = ControlDependencies(
            now: { world.now }, secretBox: SecretBox(masterKey: [UInt8](repeating: 7, count: 32)),
            archivePath: { key in
                machine.archives.contains(key) ? machine.archive.path(of: key) : nil
            }, removeArchive: { machine.removeArchive($0) }, defaultDeployTimeoutSeconds: 600)
        dependencies.capacity = machine.capacity
        // Whatever the code did before, somebody has patched it.
        dependencies.storeArchive = { _ in machine.upload(.good) }
        dependencies.gateCommand = { _, _, _, _ in
            try await world.scheduler.sleep(
                world.faultDice.span(.milliseconds(50), .seconds(20), "gate/takes"))
            return world.faultDice.chance(0.2, "gate/refuses") ? 1 : 0
        }
        dependencies.http = SimulatedCalls(world: world)
        // Timers are late at times; short ones are slow, so that a simulated hour takes fewer passes.
        dependencies.sleep = { duration in
            let least: Duration = duration < .seconds(1) ? .seconds(2) : duration
            try await world.scheduler.sleep(
                world.faultDice.span(least, least * 3, "timer/\(least.microseconds / 1000)"))
        }
        let store = try Store(on: world.database, faults: faults)
        self.store = store
        control = ControlPlane(
            store: store, engine: engine, gateway: gateway, inbox: inbox, logs: logs,
            dependencies: dependencies, logger: Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() })
    }

    private let store: Store

    /// Begins to serve, as `slipway serve` does.
    func start() {
        let world = world
        let key = world.adminKey
        work = Task { [self] in
            do {
                _ = try await Bootstrap.run(on: store, now: world.now) { key.text = $0 }
                try await control.adopt()
                caller = try await control.authenticate(authorization: "Api-Key \(key.text)")
            } catch {
                return world.serverFailed(self, "\(error)")
            }
            world.note("the server serves")
            await control.run()
        }
    }

    func die() {
        guard !isDead else { return }
        isDead = true
        faults.isDead = true
        engine.die()
        gateway.die()
        work?.cancel()
    }
}

/// The administrator's key, as a file beside the database.
final class KeyFile: @unchecked Sendable {
    var text = ""
}
