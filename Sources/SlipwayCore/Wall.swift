// Walls that a test takes away to show that an attack then succeeds: a wall whose removal no test notices is not
// tested. Release builds have no way to do that. (`PlantedBug` is for the simulator, which plants one at a time in its
// own process.)

#if DEBUG
    import Foundation
#endif

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
    /// An archive takes no upload once it was pushed, and is not used once its bytes are others.
    case frozenArchives = "frozen-archives"
    /// System calls are filtered.
    case callFilter = "call-filter"
    /// Where the server is root: processes are of a user that owns nothing else, without capabilities.
    case ownUser = "own-user"
    /// Replicas and steps of builds see their own processes only.
    case processes
    /// Memory, processor time and processes of replicas and builds are limited.
    case groupLimits = "group-limits"
    /// Each replica has a network of its own.
    case network
    /// Steps of builds that need the network have one of their own.
    case buildNetwork = "build-network"
    /// Replicas and builds with a way out reach no address of this machine and no metadata service.
    case addresses
    /// An allow-list of addresses is all that is reached.
    case restrictions
    /// Connections to a replica, readiness too, are made inside its network.
    case upstreamInside = "upstream-inside"
    /// No other process can listen where the server listens.
    case sharedPorts = "shared-ports"

    #if DEBUG
        private static let removed: Set<Wall> = {
            let names = ProcessInfo.processInfo.environment["SLIPWAY_TEST_WITHOUT_WALLS"] ?? ""
            return Set(names.split(separator: ",").compactMap { Wall(rawValue: String($0)) })
        }()

        /// Whether the environment of the server names it.
        package var isRemoved: Bool { Self.removed.contains(self) }
    #else
        @inlinable package var isRemoved: Bool { false }
    #endif
}
