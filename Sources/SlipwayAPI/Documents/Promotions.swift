// Documents about promotions: the requests that start one and the answers to signals that steer it.

/// Options for promoting a deployment to production.
public struct PromoteRequestV1: WireRequest {
    /// Whether the deployment that production leaves is scaled down.
    public var scaleDownPreviousProduction: Bool
    /// Keep the environment's instance type instead of taking the deployment's own.
    public var preserveEnvInstanceType: Bool

    public init(scaleDownPreviousProduction: Bool = true, preserveEnvInstanceType: Bool = true) {
        self.scaleDownPreviousProduction = scaleDownPreviousProduction
        self.preserveEnvInstanceType = preserveEnvInstanceType
    }

    public init(reading members: MemberReader) throws(BadRequest) {
        scaleDownPreviousProduction = try members.optionalBoolean("scale_down_previous_production") ?? true
        preserveEnvInstanceType = try members.optionalBoolean("preserve_env_instance_type") ?? true
    }

    enum CodingKeys: String, CodingKey {
        case scaleDownPreviousProduction = "scale_down_previous_production"
        case preserveEnvInstanceType = "preserve_env_instance_type"
    }

    /// Clients send no body at all, `null` or `{}` to mean the defaults.
    public static var allowsMissingBody: Bool { true }
}

/// Which deployment to promote to an environment, and how.
public struct PromoteToEnvironmentRequestV1: WireRequest {
    /// Whether the deployment that the environment leaves is scaled down.
    public var scaleDownPreviousDeployment: Bool
    /// The deployment to promote.
    public var deploymentID: String
    /// Keep the environment's instance type instead of taking the deployment's own.
    public var preserveEnvInstanceType: Bool

    public init(
        scaleDownPreviousDeployment: Bool = true, deploymentID: String, preserveEnvInstanceType: Bool = true
    ) {
        self.scaleDownPreviousDeployment = scaleDownPreviousDeployment
        self.deploymentID = deploymentID
        self.preserveEnvInstanceType = preserveEnvInstanceType
    }

    public init(reading members: MemberReader) throws(BadRequest) {
        scaleDownPreviousDeployment = try members.optionalBoolean("scale_down_previous_deployment") ?? true
        deploymentID = try members.string("deployment_id")
        preserveEnvInstanceType = try members.optionalBoolean("preserve_env_instance_type") ?? true
    }

    enum CodingKeys: String, CodingKey {
        case scaleDownPreviousDeployment = "scale_down_previous_deployment"
        case deploymentID = "deployment_id"
        case preserveEnvInstanceType = "preserve_env_instance_type"
    }
}

/// Phase of a promotion.
public enum InProgressPromotionStatusV1: String, Codable, Sendable, CaseIterable {
    case releasing = "RELEASING"
    case rampingUp = "RAMPING_UP"
    case rampingDown = "RAMPING_DOWN"
    case paused = "PAUSED"
    case succeeded = "SUCCEEDED"
    case failed = "FAILED"
    case canceled = "CANCELED"
}

/// A promotion under way, or how the last one ended.
public struct InProgressPromotionV1: Codable, Sendable, Equatable {
    /// Phase the promotion is in.
    public var status: InProgressPromotionStatusV1
    /// Share of requests that go to the new deployment, 0 to 100.
    public var percentTrafficToNewVersion: Int
    /// What went wrong, if something did.
    @Nullable public var errorMessage: String?
    /// Whether replicas are exchanged step by step.
    @Nullable public var rollingDeploy: Bool?

    public init(
        status: InProgressPromotionStatusV1, percentTrafficToNewVersion: Int, errorMessage: String? = nil,
        rollingDeploy: Bool? = nil
    ) {
        self.status = status
        self.percentTrafficToNewVersion = percentTrafficToNewVersion
        self.errorMessage = errorMessage
        self.rollingDeploy = rollingDeploy
    }

    enum CodingKeys: String, CodingKey {
        case status
        case percentTrafficToNewVersion = "percent_traffic_to_new_version"
        case errorMessage = "error_message"
        case rollingDeploy = "rolling_deploy"
    }
}

/// How a cancelled promotion comes to its end.
public enum CancelPromotionStatusV1: String, Codable, Sendable, CaseIterable {
    case canceled = "CANCELED"
    case rampingDown = "RAMPING_DOWN"
}

/// Answer to a request to cancel a promotion.
public struct CancelPromotionResponseV1: Codable, Sendable, Equatable {
    /// What happens now.
    public var status: CancelPromotionStatusV1
    /// The same in words.
    public var message: String

    public init(status: CancelPromotionStatusV1, message: String) {
        self.status = status
        self.message = message
    }

    enum CodingKeys: String, CodingKey {
        case status, message
    }
}

/// Answer to a signal (pause, resume, force) sent to a promotion.
public struct SignalPromotionResponseV1: Codable, Sendable, Equatable {
    /// Whether the signal was taken.
    public var success: Bool

    public init(success: Bool) {
        self.success = success
    }

    enum CodingKeys: String, CodingKey {
        case success
    }
}
