// Documents with every nullable member empty, for the tests of writing and of the schemas.

import SlipwayAPI

enum Samples {
    static let date = WireDate(microseconds: 1_782_898_200_000_123)

    static let deployment = DeploymentV1(
        id: "d1", createdAt: date, name: "one", modelID: "m1", isProduction: false, isDevelopment: true,
        status: .scaledToZero, activeReplicaCount: 0, autoscalingSettings: nil, instanceTypeName: nil,
        environment: nil)

    static let model = ModelV1(
        id: "m1", createdAt: date, name: "m", deploymentsCount: 1, productionDeploymentID: nil,
        developmentDeploymentID: nil, instanceTypeName: "1x2", teamName: "default")

    static let settings = AutoscalingSettingsV1(
        minReplica: 0, maxReplica: 1, autoscalingWindow: nil, scaleDownDelay: nil, concurrencyTarget: 1,
        targetUtilizationPercentage: nil)

    static let instanceType = InstanceTypeV1(
        id: "1x2", name: "1x2", memoryLimitMiB: 2048, millicpuLimit: 1000, gpuCount: 0, gpuType: nil,
        gpuMemoryLimitMiB: nil)

    static let environment = EnvironmentV1(
        name: "production", createdAt: date, modelID: "m1", currentDeployment: nil,
        autoscalingSettings: settings, promotionSettings: PromotionSettingsV1(), instanceType: instanceType)

    /// Every answer document that has members, by component name.
    static let answers: [(schema: String, document: any Codable & Sendable)] = [
        ("ModelsV1", ModelsV1(models: [model])),
        ("ModelTombstoneV1", ModelTombstoneV1(id: "m1", deleted: true)),
        ("DeploymentsV1", DeploymentsV1(deployments: [deployment])),
        ("DeploymentTombstoneV1", DeploymentTombstoneV1(id: "d1", deleted: true, modelID: "m1")),
        ("ActivateResponseV1", ActivateResponseV1()), ("DeactivateResponseV1", DeactivateResponseV1()),
        ("RetryDeploymentResponseV1", RetryDeploymentResponseV1(retried: true, deployment: deployment)),
        ("DeploymentConfigResponseV1", DeploymentConfigResponseV1(config: ["a": 1])),
        ("DownloadDeploymentResponseV1", DownloadDeploymentResponseV1(downloadURL: "http://localhost/x")),
        ("InProgressPromotionV1", InProgressPromotionV1(status: .rampingUp, percentTrafficToNewVersion: 30)),
        ("CancelPromotionResponseV1", CancelPromotionResponseV1(status: .rampingDown, message: "m")),
        ("SignalPromotionResponseV1", SignalPromotionResponseV1(success: true)),
        ("EnvironmentsV1", EnvironmentsV1(environments: [environment])),
        ("RollingDeployConfigV1", RollingDeployConfigV1()),
        (
            "UpdateAutoscalingSettingsResponseV1",
            UpdateAutoscalingSettingsResponseV1(status: .unchanged, message: "m")
        ),
        ("GetLogsResponseV1", GetLogsResponseV1(logs: [LogV1(timestamp: "1", message: "m", replica: nil)])),
        ("InstanceTypesV1", InstanceTypesV1(instanceTypes: [instanceType])),
        (
            "InstanceTypePricesV1",
            InstanceTypePricesV1(
                instanceTypes: [InstanceTypeWithPriceV1(instanceType: instanceType, price: 0.25)])
        ),
        (
            "UsersResponseV1",
            UsersResponseV1(
                items: [UserInfoV1(userID: "u")], pagination: PaginationResponseV1(hasMore: false))
        ),
        ("CreatedUserV1", CreatedUserV1(user: UserInfoV1(userID: "u"), apiKey: "a.b")),
        ("TeamsV1", TeamsV1(teams: [TeamV1(id: "t", name: "n", default: true, createdAt: date)])),
        ("SecretsV1", SecretsV1(secrets: [SecretV1(id: "s", createdAt: date, name: "n", teamName: "t")])),
        ("SecretTombstoneV1", SecretTombstoneV1(name: "n")), ("APIKeyV1", APIKeyV1(apiKey: "a.b")),
        (
            "APIKeysV1",
            APIKeysV1(keys: [
                APIKeyInfoV1(prefix: "a", type: .workspaceManageAPIKeys, createdAt: WireDate(microseconds: 1))
            ])
        ),
        ("APIKeyTombstoneV1", APIKeyTombstoneV1(prefix: "a")),
        (
            "GetBlobCredentialsResponseV1",
            GetBlobCredentialsResponseV1(
                creds: AWSCredentialsV1(awsAccessKeyID: "a", awsSecretAccessKey: "b", awsSessionToken: "c"),
                s3Key: "k", s3Bucket: "b")
        ),
        ("PrepareModelUploadResponseV1", PrepareModelUploadResponseV1()),
        ("CreatedModelDeploymentV1", CreatedModelDeploymentV1(model: model, deployment: deployment)),
        ("ErrorV1", ErrorV1(code: "NOT_FOUND", message: "m")),
        ("ErrorResponse", InferenceErrorV1(error: "m", errorCode: .modelNotReady)),
    ]

    /// Requests with all members left to their defaults where they have one.
    static let requests: [(schema: String, document: any WireRequest)] = [
        ("PromoteRequestV1", PromoteRequestV1()),
        ("PromoteToEnvironmentRequestV1", PromoteToEnvironmentRequestV1(deploymentID: "d1")),
        ("UpdateDeploymentRequestV1", UpdateDeploymentRequestV1(name: "n")),
        ("UpdateAutoscalingSettingsV1", UpdateAutoscalingSettingsV1(minReplica: 1)),
        ("GetDeploymentLogsRequestV1", GetDeploymentLogsRequestV1(direction: .asc, minLevel: .error)),
        ("UpsertSecretRequestV1", UpsertSecretRequestV1(name: "n", value: "v")),
        ("CreateUserRequestV1", CreateUserRequestV1(email: "a@b.c")),
        ("CreateAPIKeyRequestV1", CreateAPIKeyRequestV1(type: .personal, modelIDs: ["m1"])),
        (
            "PrepareModelUploadRequestV1",
            PrepareModelUploadRequestV1(deployment: DeploymentArchivePayloadV1(config: [:]))
        ),
        (
            "CreateModelRequestV1",
            CreateModelRequestV1(
                source: .libraryListing(
                    LibraryListingSourceV1(labDisplayName: "l", userDefinedListingID: "u")))
        ),
        (
            "CreateModelDeploymentRequestV1",
            CreateModelDeploymentRequestV1(
                source: .modelArchive(
                    DeploymentArchiveSourceV1(
                        deployment: DeploymentArchivePayloadV1(config: [:], isDevelopment: true), s3Key: "k"))
            )
        ),
    ]
}
