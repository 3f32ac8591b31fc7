// Control plane views under the names the official client's GraphQL knows: a model is an "oracle", a
// deployment a "model version". Called by the resolvers.

import SlipwayControl
import SlipwayCore
import SlipwayGraphQL

struct TrussObjects: Sendable {
    let address: PublicAddress

    /// Everything the client selects of a model; the executor picks.
    func model(_ view: DetailedModelView) -> GraphQLValue {
        // Numbered in order of creation, for a client that shows something like a version.
        let count = view.deployments.count
        let versions = view.deployments.enumerated().map { index, deployment in
            object("ModelVersion", version(deployment, number: count - index))
        }
        let primary =
            view.deployments.firstIndex { $0.isProduction }
            ?? view.deployments.firstIndex { $0.deployment.isDevelopment }
        return object(
            "Oracle",
            oracle(view) + [
                (
                    "team",
                    object(
                        "Team", [("id", .string(view.model.teamID.text)), ("name", .string(view.teamName))])
                ),
                ("versions", .list(versions)), ("primary_version", primary.map { versions[$0] } ?? .null),
            ])
    }

    /// A deployment with the model it belongs to, as pushes answer it.
    func version(_ view: DeploymentView, of model: DetailedModelView) -> GraphQLValue {
        let index = model.deployments.firstIndex { $0.deployment.id == view.deployment.id } ?? 0
        return object(
            "ModelVersion",
            version(view, number: model.deployments.count - index) + [
                ("oracle", object("Oracle", oracle(model)))
            ])
    }

    private func oracle(_ view: DetailedModelView) -> [(String, GraphQLValue)] {
        [
            ("id", .string(view.model.id.text)), ("name", .string(view.model.name)),
            ("hostname", .string(address.modelURL(view.model.id.text))),
        ]
    }

    private func version(_ view: DeploymentView, number: Int) -> [(String, GraphQLValue)] {
        let deployment = view.deployment
        return [
            ("id", .string(deployment.id.text)), ("name", .string(deployment.name)),
            ("semver", .string("0.\(number).0")), ("truss_hash", text(deployment.trussHash)),
            ("truss_signature", text(deployment.trussSignature)),
            ("is_draft", .bool(deployment.isDevelopment)), ("is_primary", .bool(view.isProduction)),
            (
                "current_model_deployment_status",
                object("DeploymentStatus", [("status", .string(Self.statusName(deployment.status)))])
            ),
            ("instance_type", object("InstanceType", [("name", text(view.instanceType?.name))])),
        ]
    }

    func instance(_ type: InstanceType, isDefault: Bool) -> GraphQLValue {
        object(
            "InstanceType",
            [
                ("id", .string(type.id)), ("name", .string(type.name)), ("display_name", .string(type.name)),
                ("millicpu_limit", .int(Int64(type.millicpu))), ("memory_limit", .int(Int64(type.memoryMiB))),
                ("gpu_count", .int(Int64(type.gpuCount))), ("gpu_type", text(type.gpuType)),
                ("gpu_memory", type.gpuMemoryMiB.map { .int(Int64($0)) } ?? .null),
                ("default", .bool(isDefault)), ("node_count", .int(1)), ("price", .float(0)),
                ("limited_capacity", .bool(false)),
            ])
    }

    func object(_ type: String, _ members: [(String, GraphQLValue)]) -> GraphQLValue {
        .object(GraphQLObject(members, typeName: type))
    }

    private func text(_ value: String?) -> GraphQLValue { value.map(GraphQLValue.string) ?? .null }

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
