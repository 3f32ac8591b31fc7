// Changes files of a running replica, with its own rights and from within its own root: whatever it did to its files,
// nothing outside of it can be reached.

import Foundation
import SlipwayEngine

struct ReplicaFiles {
    let configuration: LocalEngineConfiguration
    let unit: UnitDirectory
    let process: SpawnedProcess

    /// - Throws: `StartFailure` with what the copying said.
    func replace(_ files: [SourceFile]) async throws {
        // The unit's slipway directory is what the replica sees, read-only, at /slipway.
        let name = "reload-\(UUID().uuidString)"
        let staging = "\(unit.path)/slipway/\(name)"
        try FileManager.default.createDirectory(
            atPath: staging, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        defer { try? FileManager.default.removeItem(atPath: staging) }
        var lines = ["set -e"]
        for (index, file) in files.enumerated() {
            let target = ShellText.quote(file.path)
            guard let content = file.content else {
                lines.append("rm -f -- \(target)")
                continue
            }
            try content.write(to: URL(fileURLWithPath: "\(staging)/\(index)"))
            chmod("\(staging)/\(index)", 0o644)
            lines.append("mkdir -p -- \"$(dirname -- \(target))\"")
            lines.append("cp --remove-destination -- /slipway/\(name)/\(index) \(target)")
        }
        let user = "\(configuration.replicaUser)"
        let result = try await Command.run(
            [
                "/usr/bin/nsenter", "--target", "\(process.pid)", "--mount", "--root", "--setuid", user,
                "--setgid", user, "--", "/bin/sh", "-c", lines.joined(separator: "\n"),
            ], environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"], directory: "/",
            output: "\(unit.path)/reload.log", timeout: .seconds(30))
        guard result.code == 0 else {
            throw StartFailure(
                reason: "Files of the replica cannot be changed: \(result.tail.joined(separator: " "))")
        }
    }
}
