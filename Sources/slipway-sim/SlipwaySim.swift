// `slipway-sim`: runs the control plane in simulated worlds, one per seed, and says which promises were broken.

import ArgumentParser
import Foundation
import SlipwayCore
import SlipwaySimulation

@main
struct SlipwaySim: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slipway-sim",
        abstract: "Runs the control plane on a simulated machine where things go wrong, from a seed.",
        discussion: """
            Every seed is another world. A seed whose promises were broken prints them with the last lines of its \
            trace, and the command that runs it again. Exit code 1 says that there was one.
            """)

    @Option(help: "How many seeds to run.")
    var seeds: UInt64 = 100

    @Option(help: "The first seed.")
    var start: UInt64 = 1

    @Option(help: "Runs this seed alone and prints its whole trace.")
    var seed: UInt64?

    @Option(help: "Simulated minutes of storm per seed.")
    var minutes: Int = 20

    @Option(help: "Stops beginning new seeds after so many real seconds.")
    var timeLimit: Double?

    @Flag(help: "Prints how often each step of a state machine was taken.")
    var coverage = false

    @Flag(help: "Runs every seed twice and compares the traces.")
    var twice = false

    @Option(help: "Reduces the world of this seed while it breaks the same promise, and prints what is left.")
    var shrink: UInt64?

    @Flag(help: "Shrinks the first world that breaks a promise.")
    var shrinks = false

    @Option(help: "Seconds that shrinking may take.")
    var shrinkLimit: Int = 120

    @Option(help: "Replays a recorded world, or all of a folder (*.world).")
    var replay: String?

    @Option(help: "Where to write the record of a shrunk world.")
    var record: String?

    #if PLANTED_BUGS
        @Option(help: "Plants a bug that the simulation has to find (not in release builds).")
        var plant: PlantedBug?
    #endif

    func run() throws {
        try HashingSeed.fix()
        #if PLANTED_BUGS
            PlantedBug.plant(plant)
        #endif
        if let replay { return try Replay(path: replay, isLoud: seed != nil).run() }
        if let shrink { return try shrinkWorld(of: shrink) }
        try runWorlds()
    }

    private func shrinkWorld(of seed: UInt64) throws {
        let result = try Simulation.run(seed: seed, storm: .seconds(minutes * 60), isRecorded: true)
        guard let violation = result.violation else {
            print("seed \(seed) keeps its promises")
            return
        }
        print("seed \(seed): \(violation)")
        guard var shrinker = try Shrinker(result.record, timeLimit: .seconds(shrinkLimit)) else {
            print("the replay of its record does not break the promise: it cannot be shrunk")
            throw ExitCode.failure
        }
        try shrinker.shrink()
        var found = shrinker.record
        found.comments = ["Seed \(seed), \(minutes) minutes: \(violation)"]
        #if PLANTED_BUGS
            found.bug = plant?.rawValue
        #endif
        print("trace of what is left:")
        for line in shrinker.result.trace.suffix(120) { print(line) }
        print(
            "shrunk in \(shrinker.runs) runs from \(result.record.decisions.count) decisions to "
                + "\(found.decisions.count), from \(result.elapsed / 1_000_000) s to "
                + "\(shrinker.result.elapsed / 1_000_000) s")
        if let record {
            try found.text.write(toFile: record, atomically: true, encoding: .utf8)
        } else {
            print("a test case, for Tests/Worlds:")
            print(found.text)
        }
        throw ExitCode.failure
    }

    private func runWorlds() throws {
        var total = Totals()
        let seeds = seed.map { $0...$0 } ?? start...(start + max(1, self.seeds) - 1)
        for seed in seeds {
            if let timeLimit, total.seconds >= timeLimit { break }
            let result = try Simulation.run(
                seed: seed, storm: .seconds(minutes * 60), isLoud: self.seed != nil)
            total.add(result)
            if twice, try Simulation.run(seed: seed, storm: .seconds(minutes * 60)).digest != result.digest {
                print("seed \(seed): two runs differ")
                throw ExitCode.failure
            }
            guard let violation = result.violation else { continue }
            if self.seed == nil, !shrinks { for line in result.trace.suffix(120) { print(line) } }
            print("seed \(seed) broke \(result.broken?.rawValue ?? ""): \(violation)")
            print("again: slipway-sim --seed \(seed) --minutes \(minutes)")
            total.report()
            if shrinks { try shrinkWorld(of: seed) }
            throw ExitCode.failure
        }
        if coverage { total.reportCoverage() }
        total.report()
    }
}

/// What all seeds came to.
private struct Totals {
    private let began = ContinuousClock.now
    private var seeds = 0
    private var simulated = 0.0
    private var results: [SimulationResult] = []
    private var steps = 0, checks = 0, crashes = 0, swaps = 0, predictions = 0, asyncRequests = 0
    private var evaluations: [Promise: Int] = [:]
    private var transitions: [Transition: Int] = [:]

    var seconds: Double { (ContinuousClock.now - began) / .seconds(1) }

    mutating func add(_ result: SimulationResult) {
        seeds += 1
        simulated += Double(result.elapsed) / 1e6
        steps += result.steps
        checks += result.checks
        crashes += result.serverCrashes
        swaps += result.swaps
        predictions += result.predictions
        asyncRequests += result.asyncRequests
        evaluations.merge(result.evaluations, uniquingKeysWith: +)
        transitions.merge(result.transitions, uniquingKeysWith: +)
    }

    /// How often each step of a state machine was taken.
    func reportCoverage() {
        for (transition, count) in transitions.sorted(by: { $0.key < $1.key }) {
            print("taken \(count) \(transition)")
        }
        for transition in Transition.known.subtracting(transitions.keys).sorted() {
            print("never taken: \(transition)")
        }
        for transition in Set(transitions.keys).subtracting(Transition.known).sorted() {
            print("not in the table: \(transition)")
        }
        print("figure sim_transitions \(transitions.count) of_\(Transition.known.count)")
    }

    func report() {
        print("figure sim_seeds \(seeds) seeds")
        print("figure sim_simulated_time \(Int(simulated)) s")
        print("figure sim_speed \(Int(simulated / seconds)) simulated s/s")
        print("figure sim_steps \(steps) jobs")
        print("figure sim_checks \(checks) transactions")
        print("figure sim_server_crashes \(crashes) crashes")
        print("figure sim_swaps \(swaps) swaps")
        print("figure sim_predictions \(predictions) predictions")
        print("figure sim_async_requests \(asyncRequests) requests")
        for promise in Promise.allCases {
            print("figure sim_checked_\(promise.rawValue) \(evaluations[promise] ?? 0) evaluations")
        }
    }
}

/// Swift gives hash tables another order in every process unless it is told not to.
private enum HashingSeed {
    private static let name = "SWIFT_DETERMINISTIC_HASHING"

    /// Begins the process anew with hashing that can be repeated.
    static func fix() throws {
        if ProcessInfo.processInfo.environment[name] != nil { return }
        setenv(name, "1", 1)
        var arguments: [UnsafeMutablePointer<CChar>?] = CommandLine.arguments.map { strdup($0) }
        arguments.append(nil)
        execv("/proc/self/exe", arguments)
        throw ValidationError("The process cannot begin anew: \(String(cString: strerror(errno))).")
    }
}

#if PLANTED_BUGS
    extension PlantedBug: ExpressibleByArgument {}
#endif
