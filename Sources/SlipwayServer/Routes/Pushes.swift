// From an uploaded archive to a deployment over REST: credentials, then the push itself.

import Foundation
import Hummingbird
import SlipwayAPI
import SlipwayControl
import SlipwayCore

enum PushRoutes {
    static func collection(_ services: Services) -> RouteCollection<ServerContext> {
        let routes = RouteCollection(context: ServerContext.self)
        routes.operation(.get, "/v1/blobs/credentials/model") { _ in
            let grant = try services.uploads.issueUpload(now: Date())
            return try WithUploadEndpoint(
                document: GetBlobCredentialsResponseV1(
                    creds: AWSCredentialsV1(grant), s3Key: grant.key, s3Bucket: grant.bucket),
                grant: grant, services: services)
        }
        routes.operation(.post, "/v1/prepare_model_upload") { call in try await prepare(call, services) }
        routes.operation(.post, "/v1/models") { call in
            try await createModel(call, team: nil, services)
        }
        routes.operation(.post, "/v1/teams/{team_id}/models") { call in
            try await createModel(call, team: call.teamID, services)
        }
        routes.operation(.post, "/v1/models/{model_id}/deployments") { call in
            let model = try call.modelID
            let body = try await call.body(as: CreateModelDeploymentRequestV1.self)
            let source =
                switch body.source {
                case .modelArchive(let source): source
                }
            return try await push(
                PushRequest(source.deployment, to: .model(model), archive: source.s3Key), call, services)
        }
        return routes
    }

    /// Checks a push before its archive is uploaded, and says where to upload it.
    private static func prepare(
        _ call: Call, _ services: Services
    ) async throws -> WithWarnings<WithUploadEndpoint<PrepareModelUploadResponseV1>> {
        let body = try await call.body(as: PrepareModelUploadRequestV1.self)
        let target: PushRequest.Target
        switch (body.name, body.modelID) {
        case (let name?, nil): target = .modelNamed(name, team: body.teamID.map { TeamID($0) })
        case (nil, let id?):
            guard body.teamID == nil else {
                throw Refusal.validation("team_id goes with name; a model_id already belongs to a team.")
            }
            target = .model(ModelID(id))
        default: throw Refusal.validation("Exactly one of name and model_id is required.")
        }
        let warnings = try await services.control.checkPush(
            try PushRequest(body.deployment, to: target, archive: ""), by: call.caller)
        if body.dryRun {
            return WithWarnings(
                document: WithUploadEndpoint(document: PrepareModelUploadResponseV1()), warnings: warnings)
        }
        let grant = try services.uploads.issueUpload(now: Date())
        return WithWarnings(
            document: try WithUploadEndpoint(
                document: PrepareModelUploadResponseV1(
                    creds: AWSCredentialsV1(grant), s3Bucket: grant.bucket, s3Key: grant.key,
                    s3Region: services.uploads.region),
                grant: grant, services: services), warnings: warnings)
    }

    private static func createModel(
        _ call: Call, team: TeamID?, _ services: Services
    ) async throws -> WithWarnings<CreatedModelDeploymentV1> {
        switch try await call.body(as: CreateModelRequestV1.self).source {
        case .libraryListing: throw Refusal.notImplemented("Creating a model from a library listing")
        case .modelArchive(let source):
            var request = try PushRequest(
                source.deployment, to: .modelNamed(source.name, team: team), archive: source.s3Key)
            request.allowsDownload = !source.disableArchiveDownload
            return try await push(request, call, services)
        }
    }

    private static func push(
        _ request: PushRequest, _ call: Call, _ services: Services
    ) async throws -> WithWarnings<CreatedModelDeploymentV1> {
        _ = try await services.control.checkPush(request, by: call.caller)
        let made = try await services.control.push(request, by: call.caller)
        return WithWarnings(
            document: CreatedModelDeploymentV1(
                model: ModelV1(made.model), deployment: try DeploymentV1(made.deployment)),
            warnings: made.warnings)
    }
}

extension PushRequest {
    fileprivate init(_ payload: DeploymentArchivePayloadV1, to target: Target, archive: String) throws {
        if payload.isDevelopment, !payload.preserveEnvInstanceType {
            throw Refusal.validation(
                "preserve_env_instance_type has no meaning for a development deployment.")
        }
        self.init(
            target: target, archiveKey: archive, isDevelopment: payload.isDevelopment,
            deploymentName: payload.deploymentName, environment: payload.environmentName,
            preserveEnvironmentInstanceType: payload.preserveEnvInstanceType,
            deployTimeoutMinutes: payload.deployTimeoutMinutes,
            labelsJSON: try payload.labels.map(JSONText.text), rawConfig: payload.rawConfig,
            configJSON: try JSONText.text(payload.config))
    }
}
