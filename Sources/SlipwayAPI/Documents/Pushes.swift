// Documents that turn an uploaded archive into a model or one more deployment.

/// A model made from an uploaded archive.
public struct ModelArchiveSourceV1: WireRequest {
    /// The value of `kind` that announces this source.
    public static let kind = "model_archive"
    /// What the model is called.
    public var name: String
    /// The deployment to be.
    public var deployment: DeploymentArchivePayloadV1
    /// Key the archive was uploaded under.
    public var s3Key: String
    /// Whether the archive may not be downloaded later.
    public var disableArchiveDownload: Bool

    public init(
        name: String, deployment: DeploymentArchivePayloadV1, s3Key: String,
        disableArchiveDownload: Bool = false
    ) {
        self.name = name
        self.deployment = deployment
        self.s3Key = s3Key
        self.disableArchiveDownload = disableArchiveDownload
    }

    public init(reading members: MemberReader) throws(BadRequest) {
        name = try members.string("name")
        deployment = try members.request("deployment", as: DeploymentArchivePayloadV1.self)
        s3Key = try members.string("s3_key")
        disableArchiveDownload = try members.optionalBoolean("disable_archive_download") ?? false
    }

    enum CodingKeys: String, CodingKey {
        case kind
        case name, deployment
        case s3Key = "s3_key"
        case disableArchiveDownload = "disable_archive_download"
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(Self.kind, forKey: .kind)
        try container.encode(name, forKey: .name)
        try container.encode(deployment, forKey: .deployment)
        try container.encode(s3Key, forKey: .s3Key)
        try container.encode(disableArchiveDownload, forKey: .disableArchiveDownload)
    }
}

/// A model taken from a library.
public struct LibraryListingSourceV1: WireRequest {
    /// The value of `kind` that announces this source.
    public static let kind = "library_listing"
    /// Name of the lab that publishes the entry.
    public var labDisplayName: String
    /// Identifier of the entry.
    public var userDefinedListingID: String
    /// Name of the new model; that of the entry if null.
    public var deployedModelName: String?

    public init(labDisplayName: String, userDefinedListingID: String, deployedModelName: String? = nil) {
        self.labDisplayName = labDisplayName
        self.userDefinedListingID = userDefinedListingID
        self.deployedModelName = deployedModelName
    }

    public init(reading members: MemberReader) throws(BadRequest) {
        labDisplayName = try members.string("lab_display_name")
        userDefinedListingID = try members.string("user_defined_listing_id")
        deployedModelName = try members.optionalString("deployed_model_name")
    }

    enum CodingKeys: String, CodingKey {
        case kind
        case labDisplayName = "lab_display_name"
        case userDefinedListingID = "user_defined_listing_id"
        case deployedModelName = "deployed_model_name"
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(Self.kind, forKey: .kind)
        try container.encode(labDisplayName, forKey: .labDisplayName)
        try container.encode(userDefinedListingID, forKey: .userDefinedListingID)
        try container.encodeIfPresent(deployedModelName, forKey: .deployedModelName)
    }
}

/// A deployment made from an uploaded archive.
public struct DeploymentArchiveSourceV1: WireRequest {
    /// The value of `kind` that announces this source.
    public static let kind = "model_archive"
    /// The deployment to be.
    public var deployment: DeploymentArchivePayloadV1
    /// Key the archive was uploaded under.
    public var s3Key: String

    public init(deployment: DeploymentArchivePayloadV1, s3Key: String) {
        self.deployment = deployment
        self.s3Key = s3Key
    }

    public init(reading members: MemberReader) throws(BadRequest) {
        deployment = try members.request("deployment", as: DeploymentArchivePayloadV1.self)
        s3Key = try members.string("s3_key")
    }

    enum CodingKeys: String, CodingKey {
        case kind
        case deployment
        case s3Key = "s3_key"
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(Self.kind, forKey: .kind)
        try container.encode(deployment, forKey: .deployment)
        try container.encode(s3Key, forKey: .s3Key)
    }
}

/// The model to make, with its first deployment.
public struct CreateModelRequestV1: WireRequest {
    /// Where the model comes from.
    public var source: ModelSourceV1

    public init(source: ModelSourceV1) {
        self.source = source
    }

    public init(reading members: MemberReader) throws(BadRequest) {
        source = try members.request("source", as: ModelSourceV1.self)
    }

    enum CodingKeys: String, CodingKey {
        case source
    }
}

/// The deployment to add to a model.
public struct CreateModelDeploymentRequestV1: WireRequest {
    /// Where the deployment comes from.
    public var source: DeploymentSourceV1

    public init(source: DeploymentSourceV1) {
        self.source = source
    }

    public init(reading members: MemberReader) throws(BadRequest) {
        source = try members.request("source", as: DeploymentSourceV1.self)
    }

    enum CodingKeys: String, CodingKey {
        case source
    }
}

/// What a push made.
public struct CreatedModelDeploymentV1: Codable, Sendable, Equatable {
    /// The model, new or not.
    public var model: ModelV1
    /// The new deployment.
    public var deployment: DeploymentV1

    public init(model: ModelV1, deployment: DeploymentV1) {
        self.model = model
        self.deployment = deployment
    }

    enum CodingKeys: String, CodingKey {
        case model, deployment
    }
}

/// Where a new model comes from; `kind` on the wire picks the case, and a missing `kind` means an archive.
public enum ModelSourceV1: WireRequest {
    case modelArchive(ModelArchiveSourceV1)
    case libraryListing(LibraryListingSourceV1)

    public init(reading members: MemberReader) throws(BadRequest) {
        switch try members.optionalString("kind") {
        case nil, ModelArchiveSourceV1.kind?: self = .modelArchive(try ModelArchiveSourceV1(reading: members))
        case LibraryListingSourceV1.kind?:
            self = .libraryListing(try LibraryListingSourceV1(reading: members))
        case let other?:
            throw members.unknownChoice(
                "kind", other, of: [ModelArchiveSourceV1.kind, LibraryListingSourceV1.kind])
        }
    }

    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .modelArchive(let source): try source.encode(to: encoder)
        case .libraryListing(let source): try source.encode(to: encoder)
        }
    }
}

/// Where a new deployment of an existing model comes from; only archives exist.
public enum DeploymentSourceV1: WireRequest {
    case modelArchive(DeploymentArchiveSourceV1)

    public init(reading members: MemberReader) throws(BadRequest) {
        switch try members.optionalString("kind") {
        case nil, DeploymentArchiveSourceV1.kind?:
            self = .modelArchive(try DeploymentArchiveSourceV1(reading: members))
        case let other?:
            throw members.unknownChoice("kind", other, of: [DeploymentArchiveSourceV1.kind])
        }
    }

    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .modelArchive(let source): try source.encode(to: encoder)
        }
    }
}
