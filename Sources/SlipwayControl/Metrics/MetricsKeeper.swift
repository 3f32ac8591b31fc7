// Reads all gauges every few seconds, puts what was counted beside them, and stores one sample per deployment and
// minute. The minute that is not over yet is answered from memory: nobody waits for numbers.

import Logging
import SlipwayCore
import SlipwayEngine
import SlipwayGateway
import SlipwayStore

actor MetricsKeeper {
    static let period: Duration = .seconds(5)

    private let store: Store
    private let controller: Controller
    private let engine: any Engine
    private let gateway: any GatewayControl
    private let board: ReplicaBoard
    private let measurements: Measurements
    private let now: @Sendable () -> Timestamp
    private let sleep: @Sendable (Duration) async throws -> Void
    private let logger: Logger

    /// The samples of the current minute.
    private var open: [DeploymentID: MetricsSample] = [:]
    private var minute: Timestamp
    /// Everything counted since the start of the process, for deployments that are there.
    private var totals: [DeploymentID: MetricsSample] = [:]
    private var census: [DeploymentID: ReplicaCensus] = [:]
    private var usage: [ReplicaID: ReplicaUsage] = [:]
    /// Processor time of each replica as of its last reading.
    private var cpu: [ReplicaID: Double] = [:]
    private var gauges: [DeploymentID: [DeploymentGauge: Double]] = [:]
    private var lastLoad: [DeploymentID: DeploymentLoad] = [:]
    private var readAt: Timestamp?

    init(
        store: Store, controller: Controller, engine: any Engine, gateway: any GatewayControl,
        board: ReplicaBoard, measurements: Measurements, dependencies: ControlDependencies,
        logger: Logger
    ) {
        self.store = store
        self.controller = controller
        self.engine = engine
        self.gateway = gateway
        self.board = board
        self.measurements = measurements
        now = dependencies.now
        sleep = dependencies.sleep
        self.logger = logger
        minute = now().minute
    }

    /// Keeps metrics until the task is cancelled; then the minute under way is stored.
    func run() async {
        while !Task.isCancelled {
            await read()
            try? await sleep(Self.period)
        }
        takeCounts()
        await Task { await close(next: minute) }.value
    }

    // MARK: Reading

    /// Reads every gauge once, after the minute before was stored.
    func read() async {
        let moment = now()
        takeCounts()
        if moment.minute != minute { await close(next: moment.minute) }
        let census = await controller.census()
        let queues = (try? await store.read { try $0.asyncQueueSizes() }) ?? [:]
        let usage = census.values.contains { !$0.replicas.isEmpty } ? await engine.usage() : [:]
        let adopted = await controller.adopted
        // Together: what is averaged is the difference of two readings by the time between them.
        let (load, loadedAt) = (gateway.load(of: Set(census.keys)), now())
        gauges = [:]
        for (id, counts) in census {
            note(.replicasActive, Double(counts.active), of: id)
            note(.replicasStarting, Double(counts.starting), of: id)
            note(.replicasDesired, Double(counts.desired), of: id)
            note(.asyncQueueSize, Double(queues[id] ?? 0), of: id)
            note(.concurrentRequests, concurrency(of: id, load[id], at: loadedAt), of: id)
            if let tokens = tokensInFlight(of: id, load[id], at: loadedAt) {
                note(.tokensInFlight, tokens, of: id)
            }
            note(
                .memoryBytes, counts.replicas.reduce(0) { $0 + Double(usage[$1]?.memoryBytes ?? 0) }, of: id)
            let cpu = counts.replicas.reduce(0) {
                $0 + cpuSeconds(of: $1, usage[$1], isAdopted: adopted.contains($1))
            }
            measurements.note(id) { $0.count(.cpuSeconds, cpu) }
        }
        lastLoad = load
        readAt = loadedAt
        self.census = census
        self.usage = usage
        let running = Set(census.values.flatMap(\.replicas))
        cpu = cpu.filter { running.contains($0.key) }
    }

    /// What a replica used since its last reading. What one that was adopted used before this process is counted
    /// already, by the one before.
    private func cpuSeconds(of replica: ReplicaID, _ usage: ReplicaUsage?, isAdopted: Bool) -> Double {
        // Where it cannot be read for once, the next reading covers both times.
        guard let total = usage?.cpuSeconds else { return 0 }
        let before = cpu[replica] ?? (isAdopted ? total : 0)
        cpu[replica] = total
        return max(0, total - before)
    }

    private func note(_ gauge: DeploymentGauge, _ value: Double, of id: DeploymentID) {
        open[id, default: MetricsSample()].read(gauge, value)
        gauges[id, default: [:]][gauge] = value
    }

    /// The average since the last reading, with the asynchronous predictions of now.
    private func concurrency(of id: DeploymentID, _ load: DeploymentLoad?, at moment: Timestamp) -> Double {
        let asynchronous = Double(board.work(of: id).inFlight)
        guard let load else { return asynchronous }
        return asynchronous + (average(\.requestSeconds, of: id, load, at: moment) ?? Double(load.inFlight))
    }

    /// The average since the last reading; nil where no tokens were ever counted.
    private func tokensInFlight(
        of id: DeploymentID, _ load: DeploymentLoad?, at moment: Timestamp
    ) -> Double? {
        guard let load, load.tokenSeconds > 0 else { return nil }
        return average(\.tokenSeconds, of: id, load, at: moment) ?? Double(load.tokens)
    }

    /// Exact, of what is summed over time; nil before there was a reading.
    private func average(
        _ sum: KeyPath<DeploymentLoad, Double>, of id: DeploymentID, _ load: DeploymentLoad,
        at moment: Timestamp
    ) -> Double? {
        guard let readAt, moment > readAt else { return nil }
        let added = load[keyPath: sum] - (lastLoad[id]?[keyPath: sum] ?? 0)
        return max(0, added) / ((moment - readAt) / .seconds(1))
    }

    private func takeCounts() {
        for (id, traffic) in gateway.takeTraffic() {
            open[id, default: MetricsSample()].traffic += traffic
            totals[id, default: MetricsSample()].traffic += traffic
        }
        for (id, sample) in measurements.take() {
            open[id, default: MetricsSample()].extend(by: sample)
            totals[id, default: MetricsSample()].extend(by: sample)
        }
    }

    /// Stores the samples of the minute that is over and begins another.
    private func close(next: Timestamp) async {
        let samples = open.map { StoredSample(deploymentID: $0.key, minute: minute, sample: $0.value) }
        open = [:]
        minute = next
        let known = await controller.existing(of: Set(totals.keys))
        totals = totals.filter { known.contains($0.key) || open[$0.key] != nil }
        let oldest = next + (.zero - MetricsWindow.longest)
        do {
            try await store.write { db in
                for sample in samples { try db.insert(sample) }
                try db.forgetSamples(before: oldest)
            }
        } catch {
            logger.error("a minute of metrics cannot be stored", metadata: ["error": "\(error)"])
        }
    }

    // MARK: Answers

    /// The sample of the minute that is not over yet, with what was counted until now.
    func openSample(of id: DeploymentID) -> StoredSample? {
        takeCounts()
        return open[id].map { StoredSample(deploymentID: id, minute: minute, sample: $0) }
    }

    /// The gauges of now, and all counts since the start of the process.
    func reading() async -> MetricsReading {
        await read()
        takeCounts()
        return MetricsReading(census: census, usage: usage, gauges: gauges, totals: totals)
    }
}

/// Everything an exposition tells, as of one moment.
struct MetricsReading: Sendable {
    var census: [DeploymentID: ReplicaCensus]
    var usage: [ReplicaID: ReplicaUsage]
    var gauges: [DeploymentID: [DeploymentGauge: Double]]
    var totals: [DeploymentID: MetricsSample]

    /// Those that it tells something about.
    var deployments: Set<DeploymentID> { Set(census.keys).union(gauges.keys).union(totals.keys) }
}
