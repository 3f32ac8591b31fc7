// Starts processes with namespaces of their own, through a small program that gives up what they may do.

import CSlipwayLinux
import Foundation
import Synchronization

/// What is asked of the first process, and before it.
struct Isolated: Sendable {
    /// Namespaces, of the constants of `CSlipwayLinux`.
    var namespaces: UInt64 = 0
    /// Open network namespace that it enters; -1 for the server's, or a new one.
    var network: Int32 = -1
    var steps: [LaunchStep] = []
    /// The user it changes to; nil keeps the server's.
    var user: UInt32?
    /// Whether it stays and waits for the command as the first process of its namespace.
    var staysFirst = false
    var filtersCalls = false
    var dropsPrivileges = false
}

/// The program, made once for this process.
private enum FirstProcess {
    private static let made = Mutex<Int32>(-1)

    /// As an open file.
    static func file() throws(SpawnError) -> Int32 {
        try made.withLock { file throws(SpawnError) in
            if file < 0 { file = slipway_make_first_process() }
            guard file >= 0 else { throw SpawnError("The program of first processes", code: errno) }
            return file
        }
    }
}

extension SpawnedProcess {
    /// - Parameters:
    ///   - arguments: the first is the path of the program, as the process sees it.
    ///   - output: file that gets standard output and error, appended.
    ///   - record: keeps what finds the process again; the program begins after it. What it throws is thrown, and the
    ///     program never runs.
    static func start(
        _ arguments: [String], _ isolated: Isolated, output: String, record: (SpawnedProcess) throws -> Void
    ) throws -> SpawnedProcess {
        let waiting = try begin(arguments, isolated, output: output, record: record)
        try waiting.open()
        return waiting.process
    }

    /// The same, up to the gate: what is to be done about the process before its program runs can be done now.
    static func begin(
        _ arguments: [String], _ isolated: Isolated, output: String, record: (SpawnedProcess) throws -> Void
    ) throws -> GatedProcess {
        let log = open(output, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard log >= 0 else { throw SpawnError(output, code: errno) }
        defer { close(log) }
        return try GatedProcess(arguments[0], record: record) { gate in
            try start(arguments, isolated, input: -1, output: log, gate: gate)
        }
    }

    /// - Parameters:
    ///   - input: open file that becomes standard input; -1 for nothing to read.
    ///   - output: open file that gets standard output and error.
    ///   - record: as above.
    static func start(
        _ arguments: [String], _ isolated: Isolated, input: Int32, output: Int32,
        record: (SpawnedProcess) throws -> Void
    ) throws -> SpawnedProcess {
        try behindGate(arguments[0], record: record) { gate in
            try start(arguments, isolated, input: input, output: output, gate: gate)
        }
    }

    private static func start(
        _ arguments: [String], _ isolated: Isolated, input: Int32, output: Int32, gate: Int32
    ) throws(SpawnError) -> SpawnedProcess {
        let program = try FirstProcess.file()
        var parts = slipway_first_waits
        if isolated.staysFirst { parts |= slipway_first_stays }
        if isolated.user != nil { parts |= slipway_first_changes_user }
        if isolated.filtersCalls { parts |= slipway_first_filters_calls }
        if isolated.dropsPrivileges { parts |= slipway_first_drops_privileges }
        let words = ["slipway-first", "\(isolated.user ?? 0)", "\(parts)"] + arguments

        var texts: [UnsafeMutablePointer<CChar>?] = []
        defer { for text in texts { free(text) } }
        func text(_ string: String?) -> UnsafeMutablePointer<CChar>? {
            guard let string else { return nil }
            texts.append(strdup(string))
            return texts[texts.count - 1]
        }
        let steps = isolated.steps.map { step in
            slipway_step(
                kind: step.kind, source: text(step.source), target: text(step.target), type: text(step.type),
                options: text(step.options), owner: step.owner.map(Int32.init) ?? -1, mode: step.mode,
                is_read_only: step.isReadOnly ? 1 : 0, is_optional: step.isOptional ? 1 : 0)
        }
        let argv = words.map { text($0) } + [nil]
        let envp: [UnsafeMutablePointer<CChar>?] = [nil]
        let directory = text("/")
        var failure = slipway_launch_failure()
        let pid = steps.withUnsafeBufferPointer { steps in
            argv.withUnsafeBufferPointer { argv in
                envp.withUnsafeBufferPointer { envp in
                    var launch = slipway_launch(
                        namespaces: isolated.namespaces, network: isolated.network, steps: steps.baseAddress,
                        count: steps.count, input: input, output: output, gate: gate, first_process: program,
                        directory: directory, arguments: argv.baseAddress, environment: envp.baseAddress)
                    return slipway_start(&launch, &failure)
                }
            }
        }
        guard pid > 0 else {
            let step =
                isolated.steps.indices.contains(failure.step) ? isolated.steps[failure.step].words : nil
            throw SpawnError(step ?? "Starting a process", code: failure.error)
        }
        return try SpawnedProcess(child: pid)
    }
}
