// /v1/models/{model_id}/environments: reading, changing, starting, stopping, promoting into.

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
            return try await PromoteAnswer(
                call, .id(DeploymentID(body.deploymentID)), to: call.environment,
                PromoteOptions(
                    scaleDownPrevious: body.scaleDownPreviousDeployment,
                    preserveEnvironmentInstanceType: body.preserveEnvInstanceType), control)
        }
        addChanges(to: routes, control)
        addSignals(to: routes, control)
        return routes
    }

    private static func addChanges(to routes: RouteCollection<ServerContext>, _ control: ControlPlane) {
        routes.operation(.post, "\(base)") { call in
            let body = try await call.body(as: CreateEnvironmentRequestV1.self)
            return try EnvironmentV1(
                try await control.createEnvironment(
                    body.name, of: call.modelID, autoscaling: AutoscalingChange(body.autoscalingSettings),
                    promotion: PromotionSettingsChange(body.promotionSettings),
                    backpressure: BackpressurePolicy(body.requestBackpressureSettings?.policy),
                    by: call.caller))
        }
        routes.operation(.patch, "\(base)/{env_name}") { call in
            let body = try await call.body(as: UpdateEnvironmentRequestV1.self)
            let name = try call.environment
            let verdict = try await control.updateEnvironment(
                name, of: call.modelID, autoscaling: AutoscalingChange(body.autoscalingSettings),
                promotion: PromotionSettingsChange(body.promotionSettings),
                schedules: AutoscalingSchedulesChange(body.autoscalingScheduleSettings),
                backpressure: body.requestBackpressureSettings.map { BackpressurePolicy($0.policy) },
                by: call.caller)
            return UpdateEnvironmentResponseV1(
                environment: try EnvironmentV1(try await control.environment(name, of: call.modelID)),
                status: UpdateAutoscalingSettingsStatusV1(verdict), message: verdict.message)
        }
        routes.operation(.delete, "\(base)/{env_name}") { call in
            let (model, name) = (try call.modelID, try call.environment)
            try await control.deleteEnvironment(name, of: model, by: call.caller)
            return EnvironmentTombstoneV1(name: name, modelID: model.text)
        }
    }

    private static func addSignals(to routes: RouteCollection<ServerContext>, _ control: ControlPlane) {
        routes.operation(.post, "\(base)/{env_name}/cancel_promotion") { call in
            let name = try call.environment
            let promotion = try await control.signalPromotion(
                .cancel, in: name, of: call.modelID, by: call.caller)
            return promotion.status == .canceled
                ? CancelPromotionResponseV1(
                    status: .canceled, message: "Promotion to \(name) was successfully canceled.")
                : CancelPromotionResponseV1(
                    status: .rampingDown,
                    message: "Promotion to \(name) moves its traffic back to the previous deployment.")
        }
        let signals: [(String, PromotionSignal)] = [
            ("pause_promotion", .pause), ("resume_promotion", .resume),
            ("force_cancel_promotion", .forceCancel), ("force_roll_forward_promotion", .forceRollForward),
        ]
        for (path, signal) in signals {
            routes.operation(.post, "\(base)/{env_name}/\(path)") { call in
                try await control.signalPromotion(
                    signal, in: call.environment, of: call.modelID, by: call.caller)
                return SignalPromotionResponseV1(success: true)
            }
        }
        routes.operation(.get, "\(base)/{env_name}/promotions") { call in
            PromotionRecordsV1(
                promotions: try await control.promotions(into: call.environment, of: call.modelID)
                    .map(PromotionRecordV1.init))
        }
    }
}
