// Documents of the upload that precedes a push: what is checked, and where the archive goes.

/// Temporary credentials for the archive storage.
public struct AWSCredentialsV1: Codable, Sendable, Equatable {
    /// Access key id.
    public var awsAccessKeyID: String
    /// Secret access key.
    public var awsSecretAccessKey: String
    /// Session token that belongs to the pair.
    public var awsSessionToken: String

    public init(awsAccessKeyID: String, awsSecretAccessKey: String, awsSessionToken: String) {
        self.awsAccessKeyID = awsAccessKeyID
        self.awsSecretAccessKey = awsSecretAccessKey
        self.awsSessionToken = awsSessionToken
    }

    enum CodingKeys: String, CodingKey {
        case awsAccessKeyID = "aws_access_key_id"
        case awsSecretAccessKey = "aws_secret_access_key"
        case awsSessionToken = "aws_session_token"
    }
}

/// Where to upload an archive, and with which credentials.
public struct GetBlobCredentialsResponseV1: Codable, Sendable, Equatable {
    /// The credentials.
    public var creds: AWSCredentialsV1
    /// Key of the object to write.
    public var s3Key: String
    /// Bucket to write to.
    public var s3Bucket: String

    public init(creds: AWSCredentialsV1, s3Key: String, s3Bucket: String) {
        self.creds = creds
        self.s3Key = s3Key
        self.s3Bucket = s3Bucket
    }

    enum CodingKeys: String, CodingKey {
        case creds
        case s3Key = "s3_key"
        case s3Bucket = "s3_bucket"
    }
}

/// The deployment that an archive is to become.
public struct DeploymentArchivePayloadV1: WireRequest {
    /// The configuration as an object.
    public var config: [String: JSONValue]
    /// The text of config.yaml, kept to be read back.
    public var rawConfig: String?
    /// What the client says about itself and its machine.
    public var userEnv: [String: JSONValue]?
    /// Environment to promote to once the deployment is ready.
    public var environmentName: String?
    /// Keep the environment's instance type instead of the configured one.
    public var preserveEnvInstanceType: Bool
    /// Minutes until the attempt counts as failed, 10 to 1440; the server's default if null.
    public var deployTimeoutMinutes: Int?
    /// Name of the deployment; one is made up if null.
    public var deploymentName: String?
    /// Free labels.
    public var labels: [String: JSONValue]?
    /// Whether this replaces the development deployment of the model.
    public var isDevelopment: Bool

    public init(
        config: [String: JSONValue], rawConfig: String? = nil, userEnv: [String: JSONValue]? = nil,
        environmentName: String? = nil, preserveEnvInstanceType: Bool = true,
        deployTimeoutMinutes: Int? = nil, deploymentName: String? = nil, labels: [String: JSONValue]? = nil,
        isDevelopment: Bool = false
    ) {
        self.config = config
        self.rawConfig = rawConfig
        self.userEnv = userEnv
        self.environmentName = environmentName
        self.preserveEnvInstanceType = preserveEnvInstanceType
        self.deployTimeoutMinutes = deployTimeoutMinutes
        self.deploymentName = deploymentName
        self.labels = labels
        self.isDevelopment = isDevelopment
    }

    public init(reading members: MemberReader) throws(BadRequest) {
        config = try members.object("config")
        rawConfig = try members.optionalString("raw_config")
        userEnv = try members.optionalObject("user_env")
        environmentName = try members.optionalString("environment_name")
        preserveEnvInstanceType = try members.optionalBoolean("preserve_env_instance_type") ?? true
        deployTimeoutMinutes = try members.optionalInteger("deploy_timeout_minutes", in: 10...1440)
        deploymentName = try members.optionalString("deployment_name")
        labels = try members.optionalObject("labels")
        isDevelopment = try members.optionalBoolean("is_development") ?? false
    }

    enum CodingKeys: String, CodingKey {
        case config, labels
        case rawConfig = "raw_config"
        case userEnv = "user_env"
        case environmentName = "environment_name"
        case preserveEnvInstanceType = "preserve_env_instance_type"
        case deployTimeoutMinutes = "deploy_timeout_minutes"
        case deploymentName = "deployment_name"
        case isDevelopment = "is_development"
    }
}

/// A push to check before its archive is uploaded.
public struct PrepareModelUploadRequestV1: WireRequest {
    /// The deployment to be.
    public var deployment: DeploymentArchivePayloadV1
    /// Name of the model to add to or make.
    public var name: String?
    /// The team that owns the model; the default one if null.
    public var teamID: String?
    /// The model to add to, instead of a name.
    public var modelID: String?
    /// Whether to check only and hand out no credentials.
    public var dryRun: Bool

    public init(
        deployment: DeploymentArchivePayloadV1, name: String? = nil, teamID: String? = nil,
        modelID: String? = nil, dryRun: Bool = false
    ) {
        self.deployment = deployment
        self.name = name
        self.teamID = teamID
        self.modelID = modelID
        self.dryRun = dryRun
    }

    public init(reading members: MemberReader) throws(BadRequest) {
        deployment = try members.request("deployment", as: DeploymentArchivePayloadV1.self)
        name = try members.optionalString("name")
        teamID = try members.optionalString("team_id")
        modelID = try members.optionalString("model_id")
        dryRun = try members.optionalBoolean("dry_run") ?? false
    }

    enum CodingKeys: String, CodingKey {
        case deployment, name
        case teamID = "team_id"
        case modelID = "model_id"
        case dryRun = "dry_run"
    }
}

/// Where to upload the archive; all null for a check only.
public struct PrepareModelUploadResponseV1: Codable, Sendable, Equatable {
    /// The credentials.
    @Nullable public var creds: AWSCredentialsV1?
    /// Bucket to write to.
    @Nullable public var s3Bucket: String?
    /// Key of the object to write.
    @Nullable public var s3Key: String?
    /// Region to sign requests for.
    @Nullable public var s3Region: String?

    public init(
        creds: AWSCredentialsV1? = nil, s3Bucket: String? = nil, s3Key: String? = nil,
        s3Region: String? = nil
    ) {
        self.creds = creds
        self.s3Bucket = s3Bucket
        self.s3Key = s3Key
        self.s3Region = s3Region
    }

    enum CodingKeys: String, CodingKey {
        case creds
        case s3Bucket = "s3_bucket"
        case s3Key = "s3_key"
        case s3Region = "s3_region"
    }
}
