// Everything a simulation consists of, and what its parts ask each other.

import SlipwayControl
import SlipwayCore
import SlipwayStore

final class World: @unchecked Sendable {
    let scheduler: Scheduler
    let faultDice: Dice
    let loadDice: Dice
    let clientDice: Dice
    private let machineDice: Dice
    private(set) var weather: Weather
    private(set) lazy var machine = Machine(world: self, archive: archive, dice: machineDice)
    let database: MemoryDatabase
    private let archive: Archive
    let adminKey = KeyFile()
    private(set) lazy var records = RecordChecks(world: self)
    private(set) lazy var routing = RoutingChecks(world: self)
    private(set) lazy var queue = QueueChecks(world: self)
    var ledger = Ledger()

    private(set) var server: Server?
    private(set) var serverCrashes = 0
    private var serverStartedAt: Int64 = 0
    /// The server has been there for a while, so that what its crash left behind has been dealt with.
    var isSteady: Bool {
        server != nil && scheduler.elapsed - serverStartedAt > Duration.seconds(60).microseconds
    }
    private(set) var violation: String?
    /// The course of the simulation has come to its end.
    var isOver = false
    private(set) var trace = Trace()
    /// Predictions that clients got.
    var answered = 0
    /// A write has failed for want of space, so that something may have been done and not noted.
    var storeHasFailed = false
    /// The server is crashed by the next write that asks.
    private var crashIsDue = false
    private var excuses: [String: Int64] = [:]
    /// How often each promise was looked at where it could have been broken.
    private(set) var evaluations: [Promise: Int] = [:]

    /// Where wall clocks begin.
    private static let epoch = Timestamp(microseconds: 1_790_000_000_000_000)

    init(seed: UInt64, archive: Archive, isLoud: Bool) throws {
        scheduler = Scheduler(dice: Dice(seed: seed, part: 1))
        faultDice = Dice(seed: seed, part: 2)
        loadDice = Dice(seed: seed, part: 3)
        clientDice = Dice(seed: seed, part: 4)
        machineDice = Dice(seed: seed, part: 7)
        weather = Weather(Dice(seed: seed, part: 5))
        database = try MemoryDatabase()
        trace.isLoud = isLoud
        self.archive = archive
    }

    var now: Timestamp { Self.epoch + .microseconds(scheduler.elapsed) }

    func note(_ line: @autoclosure () -> String) { trace.add(line(), at: scheduler.elapsed) }

    func evaluated(_ promise: Promise) { evaluations[promise, default: 0] += 1 }

    /// The first broken promise ends the simulation.
    func violate(_ promise: String) {
        guard violation == nil else { return }
        note("VIOLATION \(promise)")
        violation = promise
    }

    // MARK: Excuses

    /// Something happened to a deployment, or to all of a model, for which a request may fail.
    func excuse<Entity>(_ id: Identifier<Entity>, _ reason: String) {
        note("\(id): \(reason)")
        excuses[id.text] = scheduler.elapsed
    }

    func hasExcuse<Entity>(_ id: Identifier<Entity>, since moment: Int64) -> Bool {
        (excuses[id.text] ?? -1) >= moment
    }

    // MARK: The server's lives

    func startServer() {
        do {
            let server = try Server(world: self)
            self.server = server
            serverStartedAt = scheduler.elapsed
            note("a server starts")
            server.start()
        } catch {
            violate("the server cannot be made: \(error)")
        }
    }

    /// It could not begin to serve and ends; whoever runs it starts it again.
    func serverFailed(_ failed: Server, _ reason: String) {
        guard server === failed, !failed.isDead else { return }
        note("the server cannot start: \(reason)")
        crashServer()
    }

    func crashServer() {
        guard let dying = server else { return }
        server = nil
        serverCrashes += 1
        note("the server dies")
        dying.die()
        routing.serverDied()
        if faultDice.chance(weather.imageLosses) { loseImage() }
        scheduler.after(faultDice.span(.milliseconds(50), .seconds(60))) { [self] in startServer() }
    }

    /// As when the records are restored on another machine.
    private func loseImage() {
        guard let id = faultDice.pick(machine.images.keys.sorted()) else { return }
        note("image \(id) is lost")
        machine.images[id] = nil
        machine.lostImages.insert(id)
    }

    /// Whether the server dies at this very write.
    func crashesNow() -> Bool {
        guard crashIsDue, faultDice.chance(0.3) else { return false }
        crashIsDue = false
        crashServer()
        return true
    }

    // MARK: Weather

    func beginWeather() {
        if let mean = weather.serverCrashEvery { planCrash(mean) }
        if let mean = weather.replicaCrashEvery { planReplicaCrash(mean) }
    }

    func calmDown() {
        weather = .calm
        crashIsDue = false
        note("the weather is calm")
    }

    private func planCrash(_ mean: Duration) {
        scheduler.after(faultDice.pause(mean: mean)) { [self] in
            guard weather.serverCrashEvery != nil else { return }
            if faultDice.chance(0.3) { crashServer() } else { crashIsDue = true }
            planCrash(mean)
        }
    }

    private func planReplicaCrash(_ mean: Duration) {
        scheduler.after(faultDice.pause(mean: mean)) { [self] in
            guard weather.replicaCrashEvery != nil else { return }
            if let id = faultDice.pick(machine.processes.keys.sorted()) { machine.crash(id) }
            planReplicaCrash(mean)
        }
    }
}
