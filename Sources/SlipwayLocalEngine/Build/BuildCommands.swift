// Runs the build commands of a config, as written there, once each and in order.

import Foundation
import SlipwayCore
import SlipwayEngine
import SlipwayTruss

struct BuildCommands: Sendable {
    let configuration: LocalEngineConfiguration
    let sandbox: Sandbox
    let config: TrussConfig
    let record: ImageRecord
    /// Of the image, and the directory it is made in.
    let tree: String
    let making: String
    /// By name; shown at the paths of the config while a command runs.
    let secrets: [String: String]
    let user: UInt32
    let say: @Sendable (LogLevel, String) -> Void

    /// The longest time one may take.
    private static let timeout: Duration = .seconds(3600)

    /// - Throws: `BuildFailure` when one fails or cannot be run; those after it are not run.
    func run() async throws {
        if config.buildCommands.isEmpty {
            if !config.buildSecrets.isEmpty {
                say(.warning, "build.secret_to_path_mapping has no effect: there are no build_commands.")
            }
            return
        }
        if !config.buildSecrets.isEmpty, sandbox.isolation.mode == .plain {
            throw BuildFailure(
                reason: "build.secret_to_path_mapping needs mount namespaces, which are not used here.")
        }
        for name in config.buildSecrets.keys.sorted() where secrets[name] == nil {
            say(.warning, "build.secret_to_path_mapping: there is no secret \(name); its file is not there.")
        }
        for command in config.buildCommands { try await run(command) }
    }

    private func run(_ command: String) async throws {
        say(.info, "Running build command: \(command)")
        let changes = making + "/environment"
        try FileManager.default.createDirectory(atPath: changes, withIntermediateDirectories: true)
        let shown = config.buildSecrets.filter { secrets[$0.key] != nil }
        let launch = Launch(
            isolation: sandbox.isolation, egress: .open, unit: making + "/command", tree: tree,
            writesToTree: true, command: ["/bin/sh", "-c", command], environment: record.environment,
            workingDirectory: record.workingDirectory, pythonEnvironment: record.pythonEnvironment,
            environmentChanges: record.changesEnvironment == true ? changes : nil,
            interpreterPrefix: record.interpreterPrefix, user: user, cgroups: [],
            hidden: configuration.hidden, secretPaths: shown)
        let made = try SecretMounts(tree: tree, paths: Array(shown.values)).check()
        // On top of what the Truss brought.
        let limit = try await Blocking.run { [limit = configuration.buildDiskLimit] in
            limit.adding(DiskUsage.of(tree))
        }
        // Beside the upper layer lies one that the kernel works in, and opens to nobody.
        let result = try await sandbox.run(
            launch, limits: .build(disk: limit, time: Self.timeout), watched: [tree, changes + "/up"],
            secrets: secrets.filter { shown[$0.key] != nil }
        ) { say(.info, $0) }
        made.remove()
        guard result.code == 0 else {
            throw BuildFailure(
                reason:
                    "The build command \"\(command)\" ended with code \(result.code): \(result.force)\(result.tail.last ?? "")"
            )
        }
    }
}

/// Places in an image's tree where secrets are shown while a command runs.
private struct SecretMounts {
    let tree: String
    let paths: [String]

    /// Files that a mount needs under it and that are not there yet.
    struct Made {
        var paths: [String]

        /// Empty files are all that is left of the secrets.
        func remove() {
            for path in paths {
                var status = stat()
                if lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size == 0 {
                    unlink(path)
                }
            }
        }
    }

    /// The steps of a start follow links as the machine sees them, so none may be on the way. Nothing else of the build
    /// runs in between.
    /// - Throws: `BuildFailure`.
    func check() throws -> Made {
        var made: [String] = []
        for path in paths {
            var place = tree
            for part in path.split(separator: "/") {
                place += "/" + part
                var status = stat()
                guard lstat(place, &status) == 0 else { continue }
                if status.st_mode & S_IFMT == S_IFLNK {
                    throw BuildFailure(
                        reason: "build.secret_to_path_mapping: \(path) leads through a link of the image.")
                }
            }
            if access(place, F_OK) != 0 { made.append(place) }
        }
        return Made(paths: made)
    }
}
