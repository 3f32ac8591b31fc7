// Documents about models: the server answers GET and DELETE under /v1/models with them.

/// A model: a name under which deployments are collected.
public struct ModelV1: Codable, Sendable, Equatable {
    /// Identifier of the model.
    public var id: String
    /// When the model was made.
    public var createdAt: WireDate
    /// Name, unique in its team.
    public var name: String
    /// How many deployments the model has.
    public var deploymentsCount: Int
    /// The deployment that production serves, if any.
    @Nullable public var productionDeploymentID: String?
    /// The development deployment, if any.
    @Nullable public var developmentDeploymentID: String?
    /// Instance type of the production deployment, else of the newest one.
    public var instanceTypeName: String
    /// Name of the team that owns the model.
    public var teamName: String

    public init(
        id: String, createdAt: WireDate, name: String, deploymentsCount: Int,
        productionDeploymentID: String?, developmentDeploymentID: String?, instanceTypeName: String,
        teamName: String
    ) {
        self.id = id
        self.createdAt = createdAt
        self.name = name
        self.deploymentsCount = deploymentsCount
        self.productionDeploymentID = productionDeploymentID
        self.developmentDeploymentID = developmentDeploymentID
        self.instanceTypeName = instanceTypeName
        self.teamName = teamName
    }

    enum CodingKeys: String, CodingKey {
        case id, name
        case createdAt = "created_at"
        case deploymentsCount = "deployments_count"
        case productionDeploymentID = "production_deployment_id"
        case developmentDeploymentID = "development_deployment_id"
        case instanceTypeName = "instance_type_name"
        case teamName = "team_name"
    }
}

/// Changes to a model; members absent or null stay as they are.
public struct UpdateModelRequestV1: WireRequest {
    /// A new name, unique in the team.
    public var name: String?

    public init(name: String? = nil) { self.name = name }

    public init(reading members: MemberReader) throws(BadRequest) {
        name = try members.optionalString("name")
    }

    enum CodingKeys: String, CodingKey { case name }
}

/// What became of the wish to end a replica.
public struct TerminateReplicaResponseV1: Codable, Sendable, Equatable {
    public var success: Bool

    public init(success: Bool) { self.success = success }
}

/// A region that deployments can be placed in.
public struct RegionV1: Codable, Sendable, Equatable {
    public var slug: String
    public var displayName: String

    public init(slug: String, displayName: String) {
        self.slug = slug
        self.displayName = displayName
    }

    enum CodingKeys: String, CodingKey {
        case slug
        case displayName = "display_name"
    }
}

/// The regions there are.
public struct RegionsV1: Codable, Sendable, Equatable {
    public var regions: [RegionV1]

    public init(regions: [RegionV1]) { self.regions = regions }
}

/// All models the caller may see, or a page of them.
public struct ModelsV1: Codable, Sendable, Equatable {
    /// The models; the list is complete unless a page was asked for.
    public var models: [ModelV1]
    /// Where the page ends (an extension of Slipway); absent where none was asked for.
    public var pagination: PaginationResponseV1?

    public init(models: [ModelV1], pagination: PaginationResponseV1? = nil) {
        self.models = models
        self.pagination = pagination
    }

    enum CodingKeys: String, CodingKey {
        case models, pagination
    }
}

/// What remains of a deleted model.
public struct ModelTombstoneV1: Codable, Sendable, Equatable {
    /// Identifier of the deleted model.
    public var id: String
    /// True once the model is gone.
    public var deleted: Bool

    public init(id: String, deleted: Bool) {
        self.id = id
        self.deleted = deleted
    }

    enum CodingKeys: String, CodingKey {
        case id, deleted
    }
}
