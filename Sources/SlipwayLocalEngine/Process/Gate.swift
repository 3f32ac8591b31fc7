// Nothing runs that no record names: a process waits at a gate, a socket, until what finds it again is kept. A server
// that is killed in between closes the gate with its death, and the process ends.

import Foundation

/// A process that waits at its gate. When this object goes without having opened it, the process ends.
struct GatedProcess: ~Copyable, Sendable {
    let process: SpawnedProcess
    /// Of the program, for errors.
    private let name: String
    private let gate: Int32

    /// - Parameters:
    ///   - name: of the program, for errors.
    ///   - record: keeps what finds the process again. What it throws is thrown, and the program never runs.
    ///   - start: starts what waits for a byte on the file it gets.
    init(
        _ name: String, record: (SpawnedProcess) throws -> Void,
        start: (_ gate: Int32) throws -> SpawnedProcess
    ) throws {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw SpawnError("No socket for a process", code: errno)
        }
        let started: SpawnedProcess
        do {
            defer { close(ends[0]) }
            started = try start(ends[0])
        } catch {
            close(ends[1])
            throw error
        }
        do {
            try record(started)
        } catch {
            close(ends[1])
            Self.end(started)
            throw error
        }
        (process, self.name, gate) = (started, name, ends[1])
    }

    deinit { close(gate) }

    /// Lets the program begin.
    /// - Throws: when it has ended already.
    func open() throws {
        guard send(gate, "\n", 1, Int32(MSG_NOSIGNAL)) == 1 else {
            Self.end(process)
            throw SpawnError(description: "\(name): it ended before it began.")
        }
    }

    /// Ends the process by force.
    func discard() { Self.end(process) }

    private static func end(_ process: SpawnedProcess) {
        process.signal(SIGKILL)
        while process.reap() == nil, process.isRunning { usleep(1_000) }
    }
}

extension SpawnedProcess {
    /// Starts a process whose program begins as soon as it is recorded; parameters as of `GatedProcess`.
    static func behindGate(
        _ name: String, record: (SpawnedProcess) throws -> Void,
        start: (_ gate: Int32) throws -> SpawnedProcess
    ) throws -> SpawnedProcess {
        let waiting = try GatedProcess(name, record: record, start: start)
        try waiting.open()
        return waiting.process
    }
}
