// Control plane views under the names the official client's GraphQL knows: a model is an "oracle", a
// deployment a "model version". Called by the query and mutation resolvers.

import SlipwayAPI
import SlipwayControl
import SlipwayCore

struct TrussObjects: Sendable {
    let address: PublicAddress

    /// Everything the client selects of a model; the executor picks.
    func model(_ view: ModelView) -> [String: JSONValue] {
        // Numbered in order of creation, for a client that shows something like a version.
        let count = view.deployments.count
        let versions = view.deployments.enumerated().map { index, deployment in
            version(deployment, number: count - index)
        }
        let primary = view.deployments.firstIndex { $0.isProduction }
            ?? view.deployments.firstIndex { $0.deployment.isDevelopment }
        var object = oracle(view)
        object["team"] = ["id": .string(view.model.teamID.text), "name": .string(view.teamName)]
        object["versions"] = .array(versions.map(JSONValue.object))
        object["primary_version"] = primary.map { .object(versions[$0]) } ?? .null
        return object
    }

    /// A deployment with the model it belongs to, as pushes answer it.
    func version(_ view: DeploymentView, of model: ModelView) -> [String: JSONValue] {
        let index = model.deployments.firstIndex { $0.deployment.id == view.deployment.id } ?? 0
        var object = version(view, number: model.deployments.count - index)
        object["oracle"] = .object(oracle(model))
        return object
    }

    private func oracle(_ view: ModelView) -> [String: JSONValue] {
        [
            "id": .string(view.model.id.text), "name": .string(view.model.name),
            "hostname": .string(address.modelURL(view.model.id.text)),
        ]
    }

    private func version(_ view: DeploymentView, number: Int) -> [String: JSONValue] {
        let deployment = view.deployment
        return [
            "id": .string(deployment.id.text), "name": .string(deployment.name),
            "semver": .string("0.\(number).0"), "truss_hash": text(deployment.trussHash),
            "truss_signature": text(deployment.trussSignature), "is_draft": .bool(deployment.isDevelopment),
            "is_primary": .bool(view.isProduction),
            "current_model_deployment_status": ["status": .string(Self.statusName(deployment.status))],
            "instance_type": ["name": text(view.instanceType?.name)],
        ]
    }

    func instance(_ type: InstanceType, isDefault: Bool) -> [String: JSONValue] {
        [
            "id": .string(type.id), "name": .string(type.name), "display_name": .string(type.name),
            "millicpu_limit": .integer(Int64(type.millicpu)), "memory_limit": .integer(Int64(type.memoryMiB)),
            "gpu_count": .integer(Int64(type.gpuCount)), "gpu_type": text(type.gpuType),
            "gpu_memory": type.gpuMemoryMiB.map { .integer(Int64($0)) } ?? .null,
            "default": .bool(isDefault), "node_count": 1, "price": .number(0), "limited_capacity": false,
        ]
    }

    func text(_ value: String?) -> JSONValue { value.map(JSONValue.string) ?? .null }

    /// The older names of the fourteen states, which this interface kept.
    private static func statusName(_ status: DeploymentStatus) -> String {
        switch status {
        case .building: "BUILDING_MODEL"
        case .deploying: "DEPLOYING_MODEL"
        case .deployFailed: "MODEL_DEPLOY_FAILED"
        case .loadingModel: "MODEL_LOADING"
        case .active: "MODEL_READY"
        case .unhealthy: "MODEL_UNHEALTHY"
        case .buildFailed: "BUILDING_MODEL_FAILED"
        case .buildStopped: "BUILDING_MODEL_STOPPED"
        case .deactivating: "DEACTIVATING_MODEL"
        case .inactive: "DEACTIVATED_MODEL"
        case .failed: "MODEL_DNE_ERROR"
        case .updating: "UPDATING"
        case .scaledToZero: "SCALED_TO_ZERO"
        case .wakingUp: "SCALING_FROM_ZERO"
        }
    }
}
