// One simulated world from its seed to its end.

import SlipwayControl
import SlipwayCore

/// What a simulation came to.
public struct SimulationResult: Sendable {
    public var seed: UInt64
    /// The first promise that was broken; nil when all were kept.
    public var broken: Promise?
    /// How it was broken.
    public var violation: String?
    /// The last lines of what happened.
    public var trace: [String]
    /// Of the whole trace: two runs of a seed have the same.
    public var digest: UInt64
    /// Simulated microseconds.
    public var elapsed: Int64
    public var steps: Int
    public var checks: Int
    public var serverCrashes: Int
    public var swaps: Int
    public var predictions: Int
    public var asyncRequests: Int
    /// How often each promise was looked at where it could have been broken.
    public var evaluations: [Promise: Int]
    /// How often each step of a state machine was taken.
    public var transitions: [Transition: Int]
    /// What makes this world again, if its decisions were kept.
    public var record: WorldRecord
}

/// Runs worlds one after another; there can be one at a time in a process.
public enum Simulation {
    /// - Parameters:
    ///   - storm: simulated time in which things go wrong; after it the world must come to rest.
    ///   - isLoud: prints every line of the trace.
    /// - Throws: when the machine that simulates lacks something.
    ///   - isRecorded: keeps the world's decisions for its record; slower.
    public static func run(
        seed: UInt64, storm: Duration, isLoud: Bool = false, isRecorded: Bool = false
    ) throws -> SimulationResult {
        try run(
            seed: seed, storm: storm, decisions: isRecorded ? Decisions(replaying: nil) : Decisions(),
            isLoud: isLoud)
    }

    /// Runs a world again by its record.
    public static func replay(_ record: WorldRecord, isLoud: Bool = false) throws -> SimulationResult {
        try run(
            seed: record.seed, storm: .microseconds(record.storm), decisions: Decisions(replaying: record),
            isLoud: isLoud)
    }

    private static func run(
        seed: UInt64, storm: Duration, decisions: Decisions, isLoud: Bool
    ) throws -> SimulationResult {
        let archive = try Archive()
        defer { archive.remove() }
        let world = try World(seed: seed, archive: archive, decisions: decisions, isLoud: isLoud)
        let ids = Dice(seed: seed, part: 6)
        Randomness.with({ ids.next() }) {
            let course = Course(world: world, storm: storm)
            course.begin()
            world.scheduler.run { world.violation != nil || course.isOver }
        }
        if world.violation == nil, !world.isOver { world.violate(.rest, "nothing can happen any more") }
        return SimulationResult(
            seed: seed, broken: world.violation?.promise, violation: world.violation?.what,
            trace: world.trace.lines, digest: world.trace.digest,
            elapsed: world.scheduler.elapsed, steps: world.scheduler.steps, checks: world.records.checks,
            serverCrashes: world.serverCrashes, swaps: world.routing.swaps, predictions: world.answered,
            asyncRequests: world.queue.ended, evaluations: world.evaluations,
            transitions: world.transitions.taken,
            record: WorldRecord(
                seed: seed, storm: storm.microseconds, promise: world.violation?.promise,
                decisions: decisions.taken))
    }
}

/// Storm, calm, rest.
private final class Course: @unchecked Sendable {
    private let world: World
    private let storm: Duration
    private(set) var isOver = false

    init(world: World, storm: Duration) {
        self.world = world
        self.storm = storm
    }

    func begin() {
        let world = world
        world.startServer()
        world.beginWeather()
        world.routing.watch()
        let clients = Task {
            await withDiscardingTaskGroup { group in
                for number in 1...world.clientDice.number(1...2, "owners") {
                    group.addTask { await Owner(world: world, name: "model-\(number)").work() }
                }
                group.addTask { await Rival(world: world).work() }
                group.addTask { await Callers(world: world).call() }
                group.addTask { await Callers(world: world).submit() }
            }
        }
        Task { [self] in
            try? await world.scheduler.sleep(storm)
            world.calmDown()
            clients.cancel()
            await clients.value
            await Rest(world: world).check()
            world.isOver = true
            isOver = true
        }
    }
}
