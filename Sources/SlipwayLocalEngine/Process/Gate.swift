// Nothing runs that no record names: a process waits at a gate, a socket, until what finds it again is kept. A server
// that is killed in between closes the gate with its death, and the process ends.

import Foundation

extension SpawnedProcess {
    /// - Parameters:
    ///   - name: of the program, for errors.
    ///   - record: keeps what finds the process again. What it throws is thrown, and the program never runs.
    ///   - start: starts what waits for a byte on the file it gets.
    static func behindGate(
        _ name: String, record: (SpawnedProcess) throws -> Void,
        start: (_ gate: Int32) throws -> SpawnedProcess
    ) throws -> SpawnedProcess {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw SpawnError("No socket for a process", code: errno)
        }
        defer { close(ends[1]) }
        let process: SpawnedProcess
        do {
            defer { close(ends[0]) }
            process = try start(ends[0])
        }
        do {
            try record(process)
            guard send(ends[1], "\n", 1, Int32(MSG_NOSIGNAL)) == 1 else {
                throw SpawnError(description: "\(name): it ended before it began.")
            }
        } catch {
            process.signal(SIGKILL)
            while process.reap() == nil, process.isRunning { usleep(1_000) }
            throw error
        }
        return process
    }
}
