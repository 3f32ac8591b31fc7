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
    private(set) lazy var times = TimeChecks(world: self)
    private(set) lazy var restless = RestlessChecks(world: self)
    let transitions = TransitionCounts()
    var ledger = Ledger()

    private(set) var server: Server?
    private(set) var serverCrashes = 0
    private var serverStartedAt: Int64 = 0
    /// The server has been there for a while, so that what its crash left behind has been dealt with.
    var isSteady: Bool {
        server != nil && scheduler.elapsed - serverStartedAt > Duration.seconds(60).microseconds
    }
    /// The first promise that was broken, and how.
    private(set) var violation: (promise: Promise, what: String)?
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
    private var names: [String: String] = [:]
    private var namesGiven: [String: Int] = [:]
    /// How often each promise was looked at where it could have been broken.
    private(set) var evaluations: [Promise: Int] = [:]

    /// Where wall clocks begin.
    private static let epoch = Timestamp(microseconds: 1_790_000_000_000_000)

    init(seed: UInt64, archive: Archive, decisions: Decisions, isLoud: Bool) throws {
        scheduler = Scheduler(dice: Dice(seed: seed, part: 1))
        faultDice = Dice(seed: seed, part: 2, decisions: decisions)
        loadDice = Dice(seed: seed, part: 3, decisions: decisions)
        clientDice = Dice(seed: seed, part: 4, decisions: decisions)
        machineDice = Dice(seed: seed, part: 7, decisions: decisions)
        weather = Weather(Dice(seed: seed, part: 5, decisions: decisions))
        database = try MemoryDatabase()
        trace.isLoud = isLoud
        self.archive = archive
    }

    var now: Timestamp { Self.epoch + .microseconds(scheduler.elapsed) }

    func note(_ line: @autoclosure () -> String) { trace.add(line(), at: scheduler.elapsed) }

    func evaluated(_ promise: Promise) { evaluations[promise, default: 0] += 1 }

    /// The first broken promise ends the simulation.
    func violate(_ promise: Promise, _ what: String) {
        guard violation == nil else { return }
        note("VIOLATION of \(promise.rawValue): \(what)")
        violation = (promise, what)
    }

    // MARK: Names

    /// What is new in the store gets a name that does not depend on its id: records of worlds and labels of decisions use
    /// it.
    func nameNew(models: [ModelID], deployments: [Deployment]) {
        for model in models.sorted() where names[model.text] == nil {
            names[model.text] = "m\(nextName(of: "m"))"
        }
        for deployment in deployments.sorted(by: { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) })
        where names[deployment.id.text] == nil {
            names[deployment.id.text] = "d\(nextName(of: "d"))"
        }
    }

    func nameNew(replica: ReplicaID, of deployment: DeploymentID) {
        let prefix = "\(name(of: deployment))r"
        names[replica.text] = "\(prefix)\(nextName(of: prefix))"
    }

    private func nextName(of kind: String) -> Int {
        namesGiven[kind, default: 0] += 1
        return namesGiven[kind] ?? 0
    }

    func name<Entity>(of id: Identifier<Entity>) -> String { names[id.text] ?? "unknown" }

    func pickEnvironment(_ dice: Dice, _ label: @autoclosure Dice.Label) -> Ledger.EnvironmentKey? {
        dice.pickNamed(
            ledger.environments.filter { $0.value == .there }.keys.sorted(), label(),
            name: { "\(self.name(of: $0.model))/\($0.name)" })
    }

    func pickDeployment(of model: ModelID, _ dice: Dice, _ label: @autoclosure Dice.Label) -> DeploymentID? {
        dice.pickNamed(
            records.records.deployments.values.filter { $0.modelID == model }.map(\.id).sorted(), label(),
            name: { self.name(of: $0) })
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
            evaluated(.serverStarts)
            note("a server starts")
            server.start()
        } catch {
            violate(.serverStarts, "the server cannot be made: \(error)")
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
        if faultDice.chance(weather.imageLosses, "crash/loses-image") {
            loseImage(of: .wakingUp, "crash")
        }
        scheduler.after(faultDice.span(.milliseconds(50), .seconds(60), "crash/back-after")) { [self] in
            startServer()
        }
    }

    /// As when the records are restored on another machine, or somebody clears a disk.
    /// - Parameter status: images of such deployments are few and missed the most.
    private func loseImage(of status: DeploymentStatus, _ label: String) {
        let missed = Set(
            records.records.deployments.values.filter { $0.status == status }.compactMap(\.imageID))
        let isOneOfThem = faultDice.chance(0.5, "\(label)/image-of-\(status)")
        let all = machine.images.keys.sorted()
        let some = isOneOfThem ? all.filter(missed.contains) : []
        guard let id = faultDice.pickNamed(some.isEmpty ? all : some, "\(label)/image", name: \.text) else {
            return
        }
        note("image \(id) is lost")
        machine.images[id] = nil
        machine.lostImages.insert(id)
    }

    /// Whether the server dies at this very write.
    func crashesNow() -> Bool {
        guard crashIsDue, faultDice.chance(0.3, "crash/at-write") else { return false }
        crashIsDue = false
        crashServer()
        return true
    }

    // MARK: Weather

    func beginWeather() {
        if let mean = weather.serverCrashEvery { planCrash(mean) }
        if let mean = weather.replicaCrashEvery { planReplicaCrash(mean) }
        if let mean = weather.imageLossEvery { planImageLoss(mean) }
    }

    func calmDown() {
        weather = .calm
        crashIsDue = false
        note("the weather is calm")
    }

    private func planCrash(_ mean: Duration) {
        scheduler.after(faultDice.pause(mean: mean, "crash/pause")) { [self] in
            guard weather.serverCrashEvery != nil else { return }
            switch faultDice.either(0.3, "crash/at-once") {
            case true?: crashServer()
            case false?: crashIsDue = true
            case nil: break
            }
            planCrash(mean)
        }
    }

    private func planReplicaCrash(_ mean: Duration) {
        scheduler.after(faultDice.pause(mean: mean, "replica-crash/pause")) { [self] in
            guard weather.replicaCrashEvery != nil else { return }
            let all = machine.processes.keys.sorted()
            // Replicas begin for a moment only, and what happens then is seldom seen.
            let isBeginner = faultDice.chance(0.3, "replica-crash/at-start")
            let some = isBeginner ? all.filter { machine.processes[$0]?.phase == .starting } : []
            let victim = faultDice.pickNamed(
                some.isEmpty ? all : some, "replica-crash/of", name: { self.name(of: $0) })
            if let victim { machine.crash(victim) }
            planReplicaCrash(mean)
        }
    }

    private func planImageLoss(_ mean: Duration) {
        scheduler.after(faultDice.pause(mean: mean, "image-loss/pause")) { [self] in
            guard weather.imageLossEvery != nil else { return }
            loseImage(of: .scaledToZero, "image-loss")
            planImageLoss(mean)
        }
    }
}
