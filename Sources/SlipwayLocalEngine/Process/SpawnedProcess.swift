// Starts child processes by posix_spawn: in a session of their own, with only the given environment and files.

import CSlipwayLinux
import Foundation

struct SpawnError: Error, CustomStringConvertible {
    var description: String
    /// Of the system call that failed; 0 when none did.
    var code: Int32

    init(description: String, code: Int32 = 0) {
        self.description = description
        self.code = code
    }

    /// - Parameter what: the file or the thing that could not be had.
    init(_ what: String, code: Int32) {
        self.init(description: "\(what): \(String(cString: strerror(code)))", code: code)
    }
}

/// A process this engine started or adopted.
struct SpawnedProcess: Sendable, Codable, Equatable {
    var pid: Int32
    /// Field 22 of /proc/PID/stat, in clock ticks since boot: with the pid it names one process for good.
    var startTime: UInt64

    init(pid: Int32, startTime: UInt64) {
        self.pid = pid
        self.startTime = startTime
    }

    /// Waits for a line on its standard input, then becomes the program.
    private static let gate = ["/bin/sh", "-c", #"read -r go && exec "$@" </dev/null"#, "slipway"]

    /// - Parameters:
    ///   - arguments: the first is the absolute path of the program.
    ///   - output: file that gets standard output and error, appended.
    ///   - record: keeps what finds the process again; the program begins after it. What it throws is thrown, and the
    ///     program never runs.
    static func start(
        _ arguments: [String], environment: [String: String], directory: String, output: String,
        record: (SpawnedProcess) throws -> Void
    ) throws -> SpawnedProcess {
        // Behind the gate it would be too late to throw.
        guard access(arguments[0], X_OK) == 0 else {
            throw SpawnError(description: "\(arguments[0]): \(String(cString: strerror(errno)))")
        }
        return try behindGate(arguments[0], record: record) { input in
            try start(
                gate + arguments, environment: environment, directory: directory, output: output, input: input
            )
        }
    }

    /// - Parameters:
    ///   - arguments: the first is the absolute path of the program.
    ///   - output: file that gets standard output and error, appended.
    ///   - input: descriptor that becomes standard input; nothing can be read from it when nil.
    static func start(
        _ arguments: [String], environment: [String: String], directory: String, output: String,
        input: Int32? = nil
    ) throws(SpawnError) -> SpawnedProcess {
        let log = open(output, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard log >= 0 else {
            throw SpawnError(output, code: errno)
        }
        defer { close(log) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        posix_spawn_file_actions_adddup2(&actions, log, 1)
        posix_spawn_file_actions_adddup2(&actions, log, 2)
        slipway_spawn_chdir(&actions, directory)
        slipway_spawn_close_from(&actions, 3)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(
            &attributes,
            slipway_spawn_setsid | Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF))

        let argv = arguments.map { strdup($0) } + [nil]
        let envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, arguments[0], &actions, &attributes, argv, envp)
        guard code == 0 else {
            throw SpawnError(arguments[0], code: code)
        }
        return try SpawnedProcess(child: pid)
    }

    /// Where the machine's memory runs out, its kernel ends a child before it ends the server: half the way from 0 to
    /// "first of all" (proc_pid_oom_score_adj(5)).
    private static let memoryScore = 500

    /// The process of a child just started.
    /// - Throws: when it cannot be told from others; it has been ended then.
    init(child pid: pid_t) throws(SpawnError) {
        guard case .found(_, let time) = Self.look(at: pid) else {
            let code = errno
            kill(-pid, SIGKILL)
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
            throw SpawnError("/proc/\(pid)/stat", code: code)
        }
        (self.pid, startTime) = (pid, time)
        Self.raiseMemoryScore(of: pid)
    }

    /// Leaves one that is higher already.
    private static func raiseMemoryScore(of pid: pid_t) {
        let path = "/proc/\(pid)/oom_score_adj"
        guard let text = try? String(contentsOfFile: path, encoding: .utf8),
            let inherited = Int(text.trimmingCharacters(in: .whitespacesAndNewlines)), inherited < memoryScore
        else { return }
        let file = open(path, O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        _ = "\(memoryScore)".withCString { write(file, $0, strlen($0)) }
        close(file)
    }

    // MARK: What it does now

    /// Whether the very process still runs; a zombie does not.
    var isRunning: Bool {
        switch Self.look(at: pid) {
        case .found(let state, let time): time == startTime && state != "Z"
        case .gone: false
        case .unknown: true
        }
    }

    /// Whether its pid was given to another process since, which must be neither signalled nor waited for.
    private var isReplaced: Bool {
        if case .found(_, let time) = Self.look(at: pid) { return time != startTime }
        return false
    }

    /// The exit code of a child that has ended (128 + signal for a killed one); nil while it runs or when it is
    /// not this process's child.
    func reap() -> Int32? {
        var status: Int32 = 0
        guard !isReplaced, waitpid(pid, &status, WNOHANG) == pid else { return nil }
        let signal = status & 0x7F
        return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
    }

    /// The same of any process: 1 for one that has ended and is nobody's child here. nil while it runs.
    var exitCode: Int32? {
        if let code = reap() { return code }
        // Between the two it may have ended.
        return isRunning ? nil : reap() ?? 1
    }

    /// Signals the whole session's process group, also when only what the process started is left of it.
    /// - Returns: false, and signals nobody, when the pid is another process's by now.
    @discardableResult
    func signal(_ number: Int32) -> Bool {
        guard pid > 1, !isReplaced else { return false }
        kill(-pid, number)
        return true
    }

    /// nil when there is no such process, or nothing to look with.
    static func startTime(of pid: Int32) -> UInt64? {
        if case .found(_, let time) = look(at: pid) { time } else { nil }
    }

    private enum Look {
        case found(state: String, startTime: UInt64)
        case gone
        /// The machine lacks something to look with.
        case unknown
    }

    private static func look(at pid: Int32) -> Look {
        let file = open("/proc/\(pid)/stat", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return errno == ENOENT ? .gone : .unknown }
        defer { close(file) }
        // The name of a program has up to 64 bytes, the fields up to the start time 20 each.
        var bytes = [UInt8](repeating: 0, count: 1024)
        let count = read(file, &bytes, bytes.count)
        guard count > 0 else { return errno == ESRCH || count == 0 ? .gone : .unknown }
        let text = String(decoding: bytes[..<count], as: UTF8.self)
        guard let end = text.lastIndex(of: ")") else { return .unknown }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 19, let time = UInt64(fields[19]) else { return .unknown }
        return .found(state: String(fields[0]), startTime: time)
    }
}
