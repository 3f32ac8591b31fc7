// /v1/models/{model_id}/environments: reading, starting, stopping, promoting into and cancelling.

import Hummingbird
import SlipwayAPI
import SlipwayControl
import SlipwayCore

enum EnvironmentRoutes {
    private static let base = "/v1/models/{model_id}/environments"

    static func collection(_ services: Services) -> RouteCollection<ServerContext> {
        let control = services.control
        let routes = RouteCollection(context: ServerContext.self)
        routes.operation(.get, "\(base)") { call in
            EnvironmentsV1(
                environments: try await control.environments(of: call.modelID).map { try EnvironmentV1($0) })
        }
        routes.operation(.get, "\(base)/{env_name}") { call in
            try EnvironmentV1(try await control.environment(call.environment, of: call.modelID))
        }
        routes.operation(.post, "\(base)/{env_name}/activate") { call in
            let model = try call.modelID
            let current = try await control.environmentDeployment(call.environment, of: model)
            try await control.activate(current, of: model, by: call.caller)
            return ActivateResponseV1()
        }
        routes.operation(.post, "\(base)/{env_name}/deactivate") { call in
            let model = try call.modelID
            let current = try await control.environmentDeployment(call.environment, of: model)
            try await control.deactivate(current, of: model, by: call.caller)
            return DeactivateResponseV1()
        }
        routes.operation(.post, "\(base)/{env_name}/promote") { call in
            let body = try await call.body(as: PromoteToEnvironmentRequestV1.self)
            let view = try await control.promote(
                .id(DeploymentID(body.deploymentID)), of: call.modelID, to: call.environment,
                PromoteOptions(
                    scaleDownPrevious: body.scaleDownPreviousDeployment,
                    preserveEnvironmentInstanceType: body.preserveEnvInstanceType),
                by: call.caller)
            return try DeploymentV1(view)
        }
        routes.operation(.post, "\(base)/{env_name}/cancel_promotion") { call in
            let name = try call.environment
            try await control.cancelPromotion(in: name, of: call.modelID, by: call.caller)
            return CancelPromotionResponseV1(
                status: .canceled, message: "Promotion to \(name) was successfully canceled.")
        }
        return routes
    }
}
