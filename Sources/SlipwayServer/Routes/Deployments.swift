// /v1/models/{model_id}/deployments: reading, renaming, deleting, starting, stopping, promoting.

import Foundation
import Hummingbird
import SlipwayAPI
import SlipwayControl
import SlipwayCore

enum DeploymentRoutes {
    /// Seconds a download URL works: an hour covers slow links.
    static let downloadLifetime = 3600
    private static let base = "/v1/models/{model_id}/deployments"

    /// The three ways a path names a deployment.
    private static let selectors: [(path: String, selector: @Sendable (Call) throws -> DeploymentSelector)] =
        [
            ("\(base)/development", { _ in .development }),
            ("\(base)/production", { _ in .production }),
            ("\(base)/{deployment_id}", { call in .id(try call.deploymentID) }),
        ]

    static func collection(_ services: Services) -> RouteCollection<ServerContext> {
        let routes = RouteCollection(context: ServerContext.self)
        addReading(to: routes, services)
        addCommands(to: routes, services.control)
        addPromotions(to: routes, services.control)
        addScaling(to: routes, services.control)
        return routes
    }

    private static func addScaling(to routes: RouteCollection<ServerContext>, _ control: ControlPlane) {
        for (path, selector) in selectors {
            routes.operation(.patch, "\(path)/autoscaling_settings") { call in
                let body = try await call.body(as: UpdateAutoscalingSettingsV1.self)
                let verdict = try await control.updateAutoscaling(
                    selector(call), of: call.modelID, AutoscalingChange(body), by: call.caller)
                return UpdateAutoscalingSettingsResponseV1(
                    status: UpdateAutoscalingSettingsStatusV1(verdict), message: verdict.message)
            }
        }
        routes.operation(.patch, "\(base)/{deployment_id}/request_backpressure_settings") { call in
            let body = try await call.body(as: UpdateRequestBackpressureSettingsV1.self)
            return RequestBackpressureSettingsV1(
                try await control.updateBackpressure(
                    call.deploymentID, of: call.modelID, BackpressurePolicy(body.policy), by: call.caller))
        }
        routes.operation(.get, "\(base)/{deployment_id}/scaling_decisions") { call in
            ScalingDecisionsV1(
                decisions: try await control.scalingDecisions(of: call.deploymentID, model: call.modelID)
                    .map {
                        ScalingDecisionV1(
                            decidedAt: WireDate($0.at), fromReplicas: $0.from, toReplicas: $0.to,
                            reason: $0.reason)
                    })
        }
    }

    private static func addReading(to routes: RouteCollection<ServerContext>, _ services: Services) {
        let control = services.control
        routes.operation(.get, "\(base)") { call in
            DeploymentsV1(
                deployments: try await control.deployments(of: call.modelID, named: call.name)
                    .map { try DeploymentV1($0) })
        }
        for (path, selector) in selectors {
            routes.operation(.get, "\(path)") { call in
                try DeploymentV1(try await control.deployment(selector(call), of: call.modelID))
            }
        }
        routes.operation(.get, "\(base)/{deployment_id}/config") { call in
            let format = try configFormat(call.query.last { $0.name == "output_format" }?.value)
            let deployment = try await control.deployment(.id(call.deploymentID), of: call.modelID).deployment
            return DeploymentConfigResponseV1(
                config: format == .raw ? nil : try JSONText.object(deployment.configJSON),
                rawConfig: format == .parsed ? nil : deployment.rawConfig)
        }
        routes.operation(.get, "\(base)/{deployment_id}/download") { call in
            let deployment = try await control.deployment(.id(call.deploymentID), of: call.modelID).deployment
            guard deployment.allowsDownload else {
                throw ControlError.forbidden(
                    "Deployment \(deployment.id) was pushed with downloads of its archive disabled.")
            }
            try await control.requireArchive(of: deployment)
            return DownloadDeploymentResponseV1(
                downloadURL: try services.uploads.presignGET(
                    key: deployment.archiveKey, endpoint: services.address.uploadURL,
                    lifetime: downloadLifetime, now: Date()))
        }
    }

    private static func configFormat(_ text: String?) throws -> DeploymentConfigOutputFormat {
        guard let text else { return .both }
        guard let format = DeploymentConfigOutputFormat(rawValue: text) else {
            throw Refusal.validation("output_format must be raw, parsed or both, not \(text).")
        }
        return format
    }

    private static func addCommands(to routes: RouteCollection<ServerContext>, _ control: ControlPlane) {
        routes.operation(.patch, "\(base)/{deployment_id}") { call in
            let (model, id) = (try call.modelID, try call.deploymentID)
            guard let name = try await call.body(as: UpdateDeploymentRequestV1.self).name else {
                return try DeploymentV1(try await control.deployment(.id(id), of: model))
            }
            return try DeploymentV1(
                try await control.renameDeployment(id, of: model, to: name, by: call.caller))
        }
        routes.operation(.delete, "\(base)/{deployment_id}") { call in
            let (model, id) = (try call.modelID, try call.deploymentID)
            try await control.deleteDeployment(id, of: model, by: call.caller)
            return DeploymentTombstoneV1(id: id.text, deleted: true, modelID: model.text)
        }
        routes.operation(.delete, "\(base)/{deployment_id}/replicas/{replica_id}") { call in
            try await control.terminate(
                ReplicaID(call.parameter("replica_id")), of: call.deploymentID, model: call.modelID,
                by: call.caller)
            return TerminateReplicaResponseV1(success: true)
        }
        for (path, selector) in selectors {
            routes.operation(.post, "\(path)/activate") { call in
                try await control.activate(selector(call), of: call.modelID, by: call.caller)
                return ActivateResponseV1()
            }
            routes.operation(.post, "\(path)/deactivate") { call in
                try await control.deactivate(selector(call), of: call.modelID, by: call.caller)
                return DeactivateResponseV1()
            }
            routes.operation(.post, "\(path)/retry") { call in
                let result = try await control.retry(selector(call), of: call.modelID, by: call.caller)
                return RetryDeploymentResponseV1(
                    retried: result.retried, reason: result.reason,
                    deployment: try DeploymentV1(result.deployment))
            }
        }
    }

    private static func addPromotions(to routes: RouteCollection<ServerContext>, _ control: ControlPlane) {
        for (path, selector) in selectors where !path.hasSuffix("/production") {
            routes.operation(.post, "\(path)/promote") { call in
                let body = try await call.body(as: PromoteRequestV1.self)
                return try await PromoteAnswer(
                    call, selector(call), to: SlipwayCore.Environment.production,
                    PromoteOptions(
                        scaleDownPrevious: body.scaleDownPreviousProduction,
                        preserveEnvironmentInstanceType: body.preserveEnvInstanceType), control)
            }
        }
    }
}
