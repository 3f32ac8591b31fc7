// What a start costs the platform: everything between the decision and the model server's own first instruction.

import Foundation
import SlipwayCore
import Testing

@testable import SlipwayLocalEngine

@Suite(.serialized) struct StartCostTests {
    @Test("a start of a trivial command costs little")
    func cost() async throws {
        var configuration = LocalEngineConfiguration(dataDirectory: Workshop.directory)
        configuration.usesNamespaces = true
        let sandbox = Sandbox(
            configuration: configuration, isolation: try await Isolation.probe(configuration))
        let files = FileManager.default
        let tree = Workshop.directory + "/cost/tree"
        for name in ["app", "packages"] {
            try files.createDirectory(atPath: "\(tree)/\(name)", withIntermediateDirectories: true)
        }
        var costs: [Double] = []
        for index in 0..<20 {
            let unit = Workshop.directory + "/cost/unit-\(index)"
            let launch = Launch(
                isolation: sandbox.isolation, egress: .open, unit: unit, tree: tree, writesToTree: false,
                command: ["/bin/true"],
                environment: [:], workingDirectory: "/app", pythonEnvironment: nil, interpreterPrefix: nil,
                user: 60000, cgroups: [], hidden: configuration.hidden)
            let before = Self.used()
            try sandbox.prepare(launch, secrets: [:], environmentName: nil)
            let process = try sandbox.start(launch) { _ in }
            let own = Self.used() - before
            // What the process and all it started used, and nothing of tests beside this one.
            var usage = rusage()
            var status: Int32 = 0
            #expect(wait4(process.pid, &status, 0, &usage) == process.pid && status == 0)
            costs.append(
                Double(own) / 1e6 + [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Self.milliseconds($1) })
        }
        costs.sort()
        print("figure replica_start_cpu_median \(costs[10]) ms")
    }

    /// CPU nanoseconds of this thread.
    private static func used() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }

    private static func milliseconds(_ time: timeval) -> Double {
        Double(time.tv_sec) * 1000 + Double(time.tv_usec) / 1000
    }
}
