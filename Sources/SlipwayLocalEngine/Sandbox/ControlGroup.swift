// Memory, CPU and process limits of one replica, through a control group of its own.

import Foundation
import SlipwayEngine

struct ControlGroup: Sendable, Codable {
    /// Directories of this replica's group: one, or one per controller in version 1.
    var directories: [String]

    /// Ends every process that is left and removes the group.
    func remove() async {
        for _ in 0..<50 {
            var left = false
            for directory in directories {
                for pid in Self.processes(in: directory) where pid > 1 {
                    kill(pid, SIGKILL)
                    left = true
                }
            }
            if !left { break }
            try? await Task.sleep(for: .milliseconds(20))
        }
        for directory in directories { rmdir(directory) }
    }

    /// Those in it now.
    var processes: [Int32] { directories.first.map(Self.processes) ?? [] }

    /// Not by `String(contentsOfFile:)`, which never frees its 4 kB when a file is empty, and this one mostly is.
    private static func processes(in directory: String) -> [Int32] {
        guard let list = try? FileHandle(forReadingAtPath: directory + "/cgroup.procs")?.readToEnd() else {
            return []
        }
        return String(decoding: list, as: UTF8.self).split(separator: "\n").compactMap { Int32($0) }
    }

    /// Processes that the kernel ended because the memory of the group was used up.
    var shortages: Int {
        var count = 0
        for path in directories.flatMap({ ["\($0)/memory.events", "\($0)/memory.oom_control"] }) {
            let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
            for line in text.split(separator: "\n") where line.hasPrefix("oom_kill ") {
                count += Int(line.dropFirst("oom_kill ".count)) ?? 0
            }
        }
        return count
    }
}

extension EngineEvent {
    /// The same event; of an end that came with a lack of memory, the reason says so first.
    func naming(shortageIn group: ControlGroup?) -> EngineEvent {
        guard case .phase(let id, .exited(let code), let endpoint, let reason) = self, code != 0,
            let group, group.shortages > 0
        else { return self }
        let words = "Out of memory: it needs more than its instance type has."
        return .phase(
            id, .exited(code: code), endpoint: endpoint,
            reason: reason.map { "\(words) \($0)" } ?? words)
    }

    /// The same event; of an end by force, the reason says first what was passed.
    func naming(_ limit: String?) -> EngineEvent {
        guard case .phase(let id, .exited(let code), let endpoint, let reason) = self, let limit else {
            return self
        }
        return .phase(
            id, .exited(code: code), endpoint: endpoint, reason: reason.map { "\(limit) \($0)" } ?? limit)
    }
}
