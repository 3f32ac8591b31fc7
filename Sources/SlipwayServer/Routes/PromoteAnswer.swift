// The answer of the three promote calls: the deployment that will serve, or with `dry_run=true` the plan.

import SlipwayAPI
import SlipwayControl
import SlipwayCore

enum PromoteAnswer: Encodable, Sendable {
    case promoted(DeploymentV1)
    case plan(PromotionPlanV1)

    init(
        _ call: Call, _ selector: DeploymentSelector, to environment: String, _ options: PromoteOptions,
        _ control: ControlPlane
    ) async throws {
        if try call.flag("dry_run") {
            self = .plan(
                PromotionPlanV1(
                    try await control.planPromotion(
                        of: selector, of: call.modelID, to: environment, options, by: call.caller)))
        } else {
            self = .promoted(
                try DeploymentV1(
                    try await control.promote(
                        selector, of: call.modelID, to: environment, options, by: call.caller)))
        }
    }

    func encode(to encoder: any Encoder) throws {
        switch self {
        case .promoted(let deployment): try deployment.encode(to: encoder)
        case .plan(let plan): try plan.encode(to: encoder)
        }
    }
}

extension Call {
    /// A query parameter that is `true` or `false`; absent means false.
    fileprivate func flag(_ name: String) throws -> Bool {
        switch try query.last(where: { $0.name == name })?.value {
        case nil, "false": return false
        case "true": return true
        case let text?: throw Refusal.validation("\(name) must be true or false, not \(text.prefix(100)).")
        }
    }
}

extension PromotionPlanV1 {
    fileprivate init(_ plan: PromotionPlan) {
        self.init(
            environment: plan.environment, action: PromotionActionV1(plan.action), reason: plan.reason,
            sourceDeploymentID: plan.source.id.text, previousDeploymentID: plan.previous?.id.text,
            mode: PromotionModeV1(plan.mode), replicas: plan.replicas, needsBuild: plan.needsBuild,
            steps: plan.steps,
            configChanges: plan.changes.map {
                ConfigChangeV1(path: $0.path, before: $0.before ?? .null, after: $0.after ?? .null)
            },
            files: FileChangesV1(
                added: plan.files.added, removed: plan.files.removed, changed: plan.files.changed))
    }
}

extension PromotionActionV1 {
    fileprivate init(_ action: PromotionPlan.Action) {
        self =
            switch action {
            case .nothing: .nothing
            case .promote: .promote
            case .copy: .copy
            }
    }
}

extension PromotionModeV1 {
    fileprivate init(_ mode: RolloutMode) {
        self =
            switch mode {
            case .swap: .swap
            case .rolling: .rolling
            case .rampUp: .rampUp
            }
    }
}
