// Notes which commands run, one small file each, so that the next server process can end those that a killed one left.

import Foundation

struct ProcessRegister: Sendable {
    /// Directory of the notes; made when needed.
    let path: String
    /// How long ended processes may take to be gone.
    private static let patience: Duration = .seconds(5)

    private func file(_ process: SpawnedProcess) -> String {
        "\(path)/\(process.pid)-\(process.startTime)-\(ReplicaRecord.currentBootID)"
    }

    /// - Throws: what the disk says; the command must not run then, as it could not be found again.
    func note(_ process: SpawnedProcess) throws(SpawnError) {
        mkdir(path, 0o700)
        let file = open(file(process), O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            throw SpawnError(description: "\(self.file(process)): \(String(cString: strerror(errno)))")
        }
        close(file)
    }

    func forget(_ process: SpawnedProcess) { unlink(file(process)) }

    /// Ends every noted command with all it started, and returns when they are gone.
    func endAll() async {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        let boot = ReplicaRecord.currentBootID
        for name in names {
            let parts = name.split(separator: "-", maxSplits: 2)
            if parts.count == 3, parts[2] == boot, let pid = Int32(parts[0]), let start = UInt64(parts[1]) {
                await SpawnedProcess(pid: pid, startTime: start).endGroup(within: Self.patience)
            }
            unlink("\(path)/\(name)")
        }
    }
}

extension SpawnedProcess {
    /// Ends its group by force, also when the process itself has ended and left children, and returns when all are
    /// gone or the time is over. For processes of an earlier server: they are nobody's children here.
    func endGroup(within patience: Duration) async {
        let deadline = ContinuousClock.now + patience
        while Self.isAlive(group: pid), ContinuousClock.now < deadline, signal(SIGKILL) {
            try? await Task.sleep(for: .milliseconds(10))
        }
    }

    /// Whether a process of the group is more than a zombie.
    private static func isAlive(group: Int32) -> Bool {
        guard group > 1, kill(-group, 0) == 0 || errno == EPERM else { return false }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { Int32($0) }.contains { pid in
            guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
                let end = text.lastIndex(of: ")")
            else { return false }
            let fields = text[text.index(after: end)...].split(separator: " ")
            return fields.count > 2 && fields[0] != "Z" && Int32(fields[2]) == group
        }
    }
}
