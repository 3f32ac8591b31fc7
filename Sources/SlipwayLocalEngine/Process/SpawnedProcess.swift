// Starts child processes by posix_spawn: in a session of their own, with only the given environment and files.

import CSlipwayLinux
import Foundation

struct SpawnError: Error, CustomStringConvertible {
    var description: String
}

/// A process this engine started or adopted.
struct SpawnedProcess: Sendable, Codable, Equatable {
    var pid: Int32
    /// Field 22 of /proc/PID/stat, in clock ticks since boot: with the pid it names one process for good.
    var startTime: UInt64

    /// - Parameters:
    ///   - arguments: the first is the absolute path of the program.
    ///   - output: file that gets standard output and error, appended.
    static func start(
        _ arguments: [String], environment: [String: String], directory: String, output: String
    ) throws(SpawnError) -> SpawnedProcess {
        let log = open(output, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard log >= 0 else {
            throw SpawnError(description: "\(output): \(String(cString: strerror(errno)))")
        }
        defer { close(log) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
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
            throw SpawnError(description: "\(arguments[0]): \(String(cString: strerror(code)))")
        }
        return SpawnedProcess(pid: pid, startTime: startTime(of: pid) ?? 0)
    }

    /// Whether the very process still runs; a zombie does not.
    var isRunning: Bool {
        guard let fields = Self.stat(of: pid) else { return false }
        return fields.startTime == startTime && fields.state != "Z"
    }

    /// The exit code of a child that has ended (128 + signal for a killed one); nil while it runs or when it is
    /// not this process's child.
    func reap() -> Int32? {
        var status: Int32 = 0
        guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
        let signal = status & 0x7F
        return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
    }

    /// Signals the whole session's process group.
    func signal(_ number: Int32) { if pid > 1 { kill(-pid, number) } }

    private static func startTime(of pid: Int32) -> UInt64? { stat(of: pid)?.startTime }

    private static func stat(of pid: Int32) -> (state: String, startTime: UInt64)? {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 19, let time = UInt64(fields[19]) else { return nil }
        return (String(fields[0]), time)
    }
}
