// Documents about live patches of a development deployment.

/// What becomes of the target of an operation.
public enum DeploymentPatchActionV1: String, Codable, Sendable, CaseIterable {
    case add = "ADD"
    case update = "UPDATE"
    case remove = "REMOVE"
}

/// A state of the source.
public struct DeploymentPatchPointV1: WireRequest {
    /// By path: the hex blake3 digest of a file, nil for a directory.
    public var contentHashes: [String: String?]
    public var config: String
    public var requirements: [String]

    public init(reading members: MemberReader) throws(BadRequest) {
        var hashes: [String: String?] = [:]
        for (path, value) in try members.object("content_hashes") {
            switch value {
            case .string(let digest): hashes.updateValue(digest, forKey: path)
            case .null: hashes.updateValue(nil, forKey: path)
            default:
                throw BadRequest(
                    "next_patch_point.content_hashes: expected strings or null, found \(value.kind)")
            }
        }
        contentHashes = hashes
        config = try members.string("config")
        requirements = try members.optionalStrings("requirements") ?? []
    }

    enum CodingKeys: String, CodingKey {
        case config, requirements
        case contentHashes = "content_hashes"
    }
}

/// One change of a patch, kept as it was sent; only its names are checked here, the rest where the patch is taken.
public struct DeploymentPatchOpV1: WireRequest {
    public var json: JSONValue

    /// Names each kind of change may have.
    static let members = [
        "model_code": ["action", "path", "content", "content_bytes", "hot_reload"],
        "package": ["action", "path", "content", "content_bytes"],
        "config": ["config", "path"],
        "python_requirement": ["action", "requirement"],
        "environment_variable": ["action", "name", "value"],
        "external_data": ["action", "item"],
    ]

    public init(reading members: MemberReader) throws(BadRequest) {
        let type = try members.string("type")
        guard let names = Self.members[type] else {
            throw members.unknownChoice("type", type, of: Self.members.keys.sorted())
        }
        json = members.whole(of: names + ["type"])
    }

    public func encode(to encoder: any Encoder) throws { try json.encode(to: encoder) }
}

/// A patch to stage.
public struct CreateDeploymentPatchRequestV1: WireRequest {
    /// Hash of the state the patch builds on.
    public var prevPatchHash: String
    /// The state after the patch.
    public var nextPatchPoint: DeploymentPatchPointV1
    /// What changes, in order; at least one.
    public var patchOps: [DeploymentPatchOpV1]

    public init(reading members: MemberReader) throws(BadRequest) {
        prevPatchHash = try members.string("prev_patch_hash")
        nextPatchPoint = try members.request("next_patch_point", as: DeploymentPatchPointV1.self)
        patchOps = try members.requests("patch_ops", as: DeploymentPatchOpV1.self)
        guard !patchOps.isEmpty else {
            throw BadRequest("patch_ops: expected an array of at least one object")
        }
    }

    enum CodingKeys: String, CodingKey {
        case prevPatchHash = "prev_patch_hash"
        case nextPatchPoint = "next_patch_point"
        case patchOps = "patch_ops"
    }
}

/// A state of the source and the hash that names it.
public struct DeploymentPatchPointWithHashV1: Codable, Sendable, Equatable {
    public var contentHashes: [String: String?]
    public var config: String
    public var requirements: [String]
    public var hash: String

    public init(contentHashes: [String: String?], config: String, requirements: [String], hash: String) {
        self.contentHashes = contentHashes
        self.config = config
        self.requirements = requirements
        self.hash = hash
    }

    enum CodingKeys: String, CodingKey {
        case config, requirements, hash
        case contentHashes = "content_hashes"
    }
}

/// The patch that was staged.
public struct CreateDeploymentPatchResponseV1: Codable, Sendable, Equatable {
    public var patchPoint: DeploymentPatchPointWithHashV1

    public init(patchPoint: DeploymentPatchPointWithHashV1) { self.patchPoint = patchPoint }

    enum CodingKeys: String, CodingKey { case patchPoint = "patch_point" }
}

/// Which states run and wait.
public struct GetDeploymentPatchesStateResponseV1: Codable, Sendable, Equatable {
    public var runningPatchPoint: DeploymentPatchPointWithHashV1
    /// Null when nothing waits.
    @Nullable public var pendingPatchPoint: DeploymentPatchPointWithHashV1?

    public init(running: DeploymentPatchPointWithHashV1, pending: DeploymentPatchPointWithHashV1?) {
        runningPatchPoint = running
        pendingPatchPoint = pending
    }

    enum CodingKeys: String, CodingKey {
        case runningPatchPoint = "running_patch_point"
        case pendingPatchPoint = "pending_patch_point"
    }
}

/// What a sync came to.
public struct SyncDeploymentPatchesResponseV1: Codable, Sendable, Equatable {
    /// Why only a push can carry the change; null when the deployment is in sync.
    @Nullable public var needsFullDeployReason: String?

    public init(needsFullDeployReason: String?) { self.needsFullDeployReason = needsFullDeployReason }

    enum CodingKeys: String, CodingKey { case needsFullDeployReason = "needs_full_deploy_reason" }
}
