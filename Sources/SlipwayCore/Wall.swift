// Walls that a test takes away to show that an attack then succeeds: a wall whose removal no test notices is not
// tested. Release builds have no way to do that.

#if DEBUG
    import Foundation

    package enum Wall: String, Sendable, CaseIterable {
        /// Paths in a config are relative and stay inside the archive.
        case configPaths = "config-paths"
        /// What the planner wrote is looked at before it is copied.
        case plannedPaths = "planned-paths"
        /// Lines of requirements cannot name files or change where things go.
        case requirementOptions = "requirement-options"
        /// The planner runs in a sandbox.
        case plannerSandbox = "planner-sandbox"
        /// Requirements are installed in a sandbox.
        case installSandbox = "install-sandbox"
        /// What a build puts into the package cache stays its own.
        case packageCache = "package-cache"
        /// Finished Python environments are nobody's to change.
        case finishedEnvironments = "finished-environments"
        /// Builds and replicas may fill so much of the disk.
        case diskLimit = "disk-limit"
        /// Build logs and reasons do not tell the server's paths.
        case buildLogPaths = "build-log-paths"

        private static let removed: Set<Wall> = {
            let names = ProcessInfo.processInfo.environment["SLIPWAY_TEST_WITHOUT_WALLS"] ?? ""
            return Set(names.split(separator: ",").compactMap { Wall(rawValue: String($0)) })
        }()

        package var isRemoved: Bool { Self.removed.contains(self) }
    }
#else
    package enum Wall {
        case configPaths, plannedPaths, requirementOptions, plannerSandbox, installSandbox, packageCache
        case finishedEnvironments, diskLimit, buildLogPaths

        @inlinable package var isRemoved: Bool { false }
    }
#endif
