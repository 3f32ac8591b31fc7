// Slipway's own documents: what a promotion would do.

/// What becomes of the deployment that is promoted.
public enum PromotionActionV1: String, Codable, Sendable, CaseIterable {
    case nothing = "NOTHING"
    case promote = "PROMOTE"
    case copy = "COPY"
}

/// How traffic moves.
public enum PromotionModeV1: String, Codable, Sendable, CaseIterable {
    case swap = "SWAP"
    case rolling = "ROLLING"
    case rampUp = "RAMP_UP"
}

/// A key of the config that differs from what serves now.
public struct ConfigChangeV1: Codable, Sendable, Equatable {
    public var path: String
    public var before: JSONValue
    public var after: JSONValue

    public init(path: String, before: JSONValue, after: JSONValue) {
        self.path = path
        self.before = before
        self.after = after
    }
}

/// Files that differ from what serves now.
public struct FileChangesV1: Codable, Sendable, Equatable {
    public var added: [String]
    public var removed: [String]
    public var changed: [String]

    public init(added: [String], removed: [String], changed: [String]) {
        self.added = added
        self.removed = removed
        self.changed = changed
    }
}

/// A promotion that was not made.
public struct PromotionPlanV1: Codable, Sendable, Equatable {
    public var dryRun = true
    public var environment: String
    public var action: PromotionActionV1
    @Nullable public var reason: String?
    public var sourceDeploymentID: String
    @Nullable public var previousDeploymentID: String?
    public var mode: PromotionModeV1
    public var replicas: Int
    public var needsBuild: Bool
    public var steps: [String]
    public var configChanges: [ConfigChangeV1]
    public var files: FileChangesV1

    public init(
        environment: String, action: PromotionActionV1, reason: String?, sourceDeploymentID: String,
        previousDeploymentID: String?, mode: PromotionModeV1, replicas: Int, needsBuild: Bool,
        steps: [String], configChanges: [ConfigChangeV1], files: FileChangesV1
    ) {
        self.environment = environment
        self.action = action
        self.reason = reason
        self.sourceDeploymentID = sourceDeploymentID
        self.previousDeploymentID = previousDeploymentID
        self.mode = mode
        self.replicas = replicas
        self.needsBuild = needsBuild
        self.steps = steps
        self.configChanges = configChanges
        self.files = files
    }

    enum CodingKeys: String, CodingKey {
        case environment, action, reason, mode, replicas, steps, files
        case dryRun = "dry_run"
        case sourceDeploymentID = "source_deployment_id"
        case previousDeploymentID = "previous_deployment_id"
        case needsBuild = "needs_build"
        case configChanges = "config_changes"
    }
}
