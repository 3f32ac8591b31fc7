// The GraphQL fields the official client uses, with their arguments. Run by `GraphQLRoute`.

import Logging
import SlipwayControl
import SlipwayGraphQL

enum TrussSchema {
    private typealias Field = GraphQLField<TrussResolvers>

    static let schema = GraphQLSchema<TrussResolvers>(
        queries: [
            field(
                "models",
                [
                    GraphQLArgument(
                        "all", .bool, withoutEffect: "every model that the key may see is listed"),
                    GraphQLArgument("team_id", .string), GraphQLArgument("chainlets_only", .bool),
                ]
            ) { try await $0.models($1) },
            field("model", [GraphQLArgument("id", .string), GraphQLArgument("name", .string)]) {
                try await $0.model($1)
            },
            field("model_version", [GraphQLArgument("id", .string, required: true)]) {
                try await $0.modelVersion($1)
            },
            field("teams") { resolvers, _ in try await resolvers.teams() },
            field("organization") { resolvers, _ in try await resolvers.organization() },
            field("user") { resolvers, _ in resolvers.user() },
            field("listed_instances") { resolvers, _ in resolvers.listedInstances() },
            field("truss_watch_state", [GraphQLArgument("id", .string, required: true)]) {
                try await $0.watchState($1)
            },
            field(
                "truss_validation",
                [environment, GraphQLArgument("config", .string, required: true)]
            ) { try await $0.validation($1) },
            field("model_s3_upload_credentials") { resolvers, _ in try resolvers.uploadCredentials() },
        ],
        mutations: [
            field(
                "create_model_from_truss",
                push + newModel + [
                    GraphQLArgument("version_name", .string), GraphQLArgument("environment_name", .string),
                    bump,
                ]
            ) { try await $0.createModel($1) },
            field(
                "create_model_version_from_truss",
                push + [
                    GraphQLArgument("model_id", .string, required: true), GraphQLArgument("name", .string),
                    GraphQLArgument("environment_name", .string), bump,
                    GraphQLArgument("scale_down_old_production", .bool),
                    GraphQLArgument("preserve_env_instance_type", .bool),
                ]
            ) { try await $0.createVersion($1) },
            field("deploy_draft_truss", push + newModel) { try await $0.deployDraft($1) },
            field(
                "stage_patch_for_draft_truss",
                [
                    GraphQLArgument("id", .string, required: true), environment,
                    GraphQLArgument("patch", .string, required: true),
                ]
            ) { try await $0.stagePatch($1) },
            field(
                "sync_draft_truss",
                [GraphQLArgument("id", .string, required: true), environment]
            ) { try await $0.syncPatches($1) },
        ])

    private static let environment = GraphQLArgument(
        "truss_user_env", .string, withoutEffect: "describes the client's machine")
    private static let bump = GraphQLArgument(
        "semver_bump", .string, withoutEffect: "versions are numbered in their order")

    /// Arguments every push has.
    private static let push = [
        GraphQLArgument("s3_key", .string, required: true),
        GraphQLArgument("config", .string, required: true), environment,
        GraphQLArgument("deploy_timeout_minutes", .int), GraphQLArgument("user_deploy_metadata", .string),
        GraphQLArgument("raw_config", .string),
    ]

    /// Arguments of pushes that may make the model.
    private static let newModel = [
        GraphQLArgument("name", .string, required: true), GraphQLArgument("team_id", .string),
        GraphQLArgument("allow_truss_download", .bool),
        GraphQLArgument("model_origin", .enumeration, withoutEffect: "no model is told apart by it"),
    ]

    private static func field(
        _ name: String, _ arguments: [GraphQLArgument] = [],
        _ resolve: @escaping @Sendable (TrussResolvers, GraphQLArguments) async throws -> GraphQLValue
    ) -> Field {
        Field(name, arguments: arguments) { resolvers, arguments in
            do {
                return try await resolve(resolvers, arguments)
            } catch let error as ControlError {
                throw GraphQLFailure(error)
            } catch {
                resolvers.logger.error(
                    "GraphQL field failed", metadata: ["field": "\(name)", "error": "\(error)"])
                throw error
            }
        }
    }
}

extension GraphQLFailure {
    /// The client tells `RESOURCE_NOT_FOUND` apart from everything else.
    fileprivate init(_ error: ControlError) {
        let refusal = Refusal(error)
        let code = if case .notFound = error { "RESOURCE_NOT_FOUND" } else { refusal.code }
        self.init(code: code, message: refusal.message, description: refusal.message)
    }
}
