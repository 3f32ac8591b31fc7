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

    @Flag(help: "Runs every seed twice and compares the traces.")
    var twice = false

    #if DEBUG
        @Option(help: "Plants a bug that the simulation has to find (debug builds only).")
        var plant: PlantedBug?
    #endif

    func run() throws {
        try HashingSeed.fix()
        #if DEBUG
            PlantedBug.plant(plant)
        #endif
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
            if self.seed == nil { for line in result.trace { print(line) } }
            print("seed \(seed): \(violation)")
            print("again: slipway-sim --seed \(seed) --minutes \(minutes)")
            total.report()
            throw ExitCode.failure
        }
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

#if DEBUG
    extension PlantedBug: ExpressibleByArgument {}
#endif
