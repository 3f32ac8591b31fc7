// Watches one replica from its start (or adoption) to its end: process, readiness, output.

import Foundation
import SlipwayCore
import SlipwayEngine
import SlipwayLogs

/// Runs as one task per replica; tells everything through `report`.
struct ReplicaWatch: Sendable {
    /// How often the process and its output are looked at.
    static let step: Duration = .milliseconds(100)
    /// The same while a replica starts, so that a quick model does not wait for a slow look.
    static let startingStep: Duration = .milliseconds(15)
    /// Between the first questions for its readiness: what starts in some hundredths of a second is not kept waiting.
    static let firstProbes = (count: 40, step: Duration.milliseconds(5))
    /// Starting steps until a start counts as a long one: about 4 s.
    static let startingSteps = 300
    /// Between two probes of a ready replica.
    static let readyStep: Duration = .seconds(2)
    /// Steps between two notes of how much output was read.
    static let offsetSteps = 10

    let record: ReplicaRecord
    let unit: UnitDirectory
    let now: @Sendable () -> Timestamp
    let report: @Sendable (EngineEvent) -> Void

    init(
        record: ReplicaRecord, unit: UnitDirectory, now: @escaping @Sendable () -> Timestamp,
        report: @escaping @Sendable (EngineEvent) -> Void
    ) {
        self.record = record
        self.unit = unit
        self.now = now
        self.report = report
    }

    /// Returns when the replica has ended, or the task is cancelled.
    func run(initial: ReplicaPhase) async {
        let phases = PhaseReports(record: record, initial: initial, report: report)
        if case .starting = initial { phases.change(to: .loading) }
        await withTaskGroup(of: Void.self) { group in
            // Beside the output: a replica that writes without end may take long to answer.
            group.addTask { await probe(phases) }
            await follow(phases, isStarting: initial != .ready)
            group.cancelAll()
        }
    }

    /// Asks for the readiness until the task is cancelled.
    private func probe(_ phases: PhaseReports) async {
        var judge = HealthJudge(record.healthChecks)
        var steps = 0
        while !Task.isCancelled {
            let checks = await check(phases.current)
            if checks.isReady == true { phases.change(to: .ready) }
            switch judge.judge(checks) {
            case .fine: break
            case .unhealthy:
                phases.change(to: .unhealthy, reason: "The readiness route \(record.readinessPath) fails.")
            case .end(let reason):
                phases.explainEnd(reason)
                record.process.signal(SIGKILL)
                return
            }
            steps += 1
            try? await Task.sleep(for: pause(after: steps, phases.current))
        }
    }

    private func pause(after steps: Int, _ phase: ReplicaPhase) -> Duration {
        if phase == .ready { return Self.readyStep }
        guard phase == .loading, steps < Self.startingSteps else { return Self.step }
        return steps < Self.firstProbes.count ? Self.firstProbes.step : Self.startingStep
    }

    private func check(_ phase: ReplicaPhase) async -> HealthJudge.Checks {
        let hasBeenReady = phase == .ready || phase == .unhealthy
        let isReady = await ReadinessProbe.ask(record.address, path: record.readinessPath)
        var isAlive = isReady
        if hasBeenReady, let path = record.livenessPath, record.healthChecks?.restartThreshold != nil {
            isAlive = await ReadinessProbe.ask(record.address, path: path)
        }
        return HealthJudge.Checks(
            isReady: isReady, isAlive: isAlive, hasBeenReady: hasBeenReady,
            sinceStart: now() - record.startedAt, now: ContinuousClock.now - Self.epoch)
    }

    private static let epoch = ContinuousClock.now

    /// Reads the output until the replica has ended or the task is cancelled.
    private func follow(_ phases: PhaseReports, isStarting: Bool) async {
        var tail = OutputTail(path: unit.output, offset: unit.offset)
        var words = LastWords()
        var steps = 0
        var noted = tail.offset
        tail.keepRoom()
        while !Task.isCancelled {
            let exit = record.process.exitCode
            forward(tail.lines(final: exit != nil), &words)
            if let exit {
                unit.write(offset: tail.offset)
                tellDropped(&tail)
                return phases.end(code: exit, reason: words.explanation(code: exit))
            }
            steps += 1
            let isTime = steps.isMultiple(of: Self.offsetSteps)
            if noted != tail.offset, isTime || tail.canFree {
                noted = tail.offset
                unit.write(offset: noted)
                // After the note: what was given back must not be read again.
                if tail.canFree { tail.free() }
                tail.keepRoom()
            }
            if isTime { tellDropped(&tail) }
            if tail.hasMore { continue }
            let isQuick = isStarting && steps < Self.startingSteps
            try? await Task.sleep(for: isQuick ? Self.startingStep : Self.step)
        }
        // The server ends, the replica does not: the next process reads on from here.
        forward(tail.lines(), &words)
        unit.write(offset: tail.offset)
    }

    private func tellDropped(_ tail: inout OutputTail) {
        let dropped = tail.takeDropped()
        guard dropped > 0 else { return }
        let message =
            "\(dropped) bytes of output were dropped: the replica writes more than \(OutputBudget.perSecond) bytes a second."
        report(
            .log(
                record.deploymentID,
                LogEntry(at: now(), message, level: .warning, replica: record.replicaID)))
    }

    private func forward(_ lines: [String], _ words: inout LastWords) {
        let now = now().microseconds * 1000
        for line in lines where !line.isEmpty {
            let parsed = LogLineParser.parse(line)
            words.hear(parsed)
            report(
                .log(
                    record.deploymentID,
                    LogEntry(
                        nanoseconds: now, message: parsed.message, replica: record.replicaID,
                        requestID: parsed.requestID, level: parsed.level)))
        }
    }
}
