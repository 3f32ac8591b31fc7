// What each operation of the official client's GraphQL does, for one caller. Every function answers the whole
// object; the executor picks what the query selects. Called by `TrussSchema`.

import Foundation
import Logging
import SlipwayAPI
import SlipwayControl
import SlipwayCore
import SlipwayGraphQL

struct TrussResolvers: Sendable {
    let services: Services
    let caller: Caller
    let logger: Logger

    private var control: ControlPlane { services.control }
    private var objects: TrussObjects { TrussObjects(address: services.address) }

    // MARK: Reading

    func models(_ arguments: GraphQLArguments) async throws -> GraphQLValue {
        // Chains are not built, so no model is part of one.
        if arguments.flag("chainlets_only") == true { return .list([]) }
        return .list(try await control.detailedModels(team: arguments.teamID).map(objects.model))
    }

    func model(_ arguments: GraphQLArguments) async throws -> GraphQLValue {
        switch (arguments.text("id"), arguments.text("name")) {
        case (let id?, nil): return objects.model(try await control.detailedModel(ModelID(id)))
        case (nil, let name?):
            return objects.model(try await control.detailedModel(named: name, team: caller.teamID))
        default: throw ControlError.validation("Exactly one of id and name is required.")
        }
    }

    func modelVersion(_ arguments: GraphQLArguments) async throws -> GraphQLValue {
        let view = try await control.deployment(anyModel: DeploymentID(try arguments.requiredText("id")))
        return objects.version(view, of: try await control.detailedModel(view.deployment.modelID))
    }

    func teams() async throws -> GraphQLValue {
        .list(
            try await control.teams().map { team in
                objects.object(
                    "Team",
                    [
                        ("id", .string(team.id.text)), ("name", .string(team.name)),
                        ("default", .bool(team.isDefault)),
                    ])
            })
    }

    func organization() async throws -> GraphQLValue {
        let organization = try await control.organization
        return objects.object(
            "Organization",
            [
                ("id", .string(organization.id)), ("workspace_name", .string(organization.name)),
                ("aws_customer_access_role_arn", .null), ("aws_external_id", .null),
            ])
    }

    func user() -> GraphQLValue {
        objects.object(
            "User",
            [
                ("id", .string(caller.user.id.text)), ("name", .string(caller.user.name)),
                ("email", .string(caller.user.email)),
            ])
    }

    func listedInstances() -> GraphQLValue {
        .list(
            control.instanceTypes.enumerated().map { index, type in
                objects.instance(type, isDefault: index == 0)
            })
    }

    /// The development deployment's state for a watching client: the newest staged state ("django") and the one
    /// that runs ("container").
    func watchState(_ arguments: GraphQLArguments) async throws -> GraphQLValue {
        let model = ModelID(try arguments.requiredText("id"))
        guard let state = try await control.patchState(of: model) else {
            return objects.object(
                "TrussWatchState",
                [
                    ("is_container_built_from_push", .bool(true)), ("django_patch_state", .null),
                    ("container_patch_state", .null),
                ])
        }
        func point(_ point: PatchState.Point) -> GraphQLValue {
            objects.object(
                "TrussPatchState",
                [("current_hash", .string(point.hash)), ("current_signature", .string(point.signature))])
        }
        return objects.object(
            "TrussWatchState",
            [
                ("is_container_built_from_push", .bool(false)),
                ("django_patch_state", point(state.pending ?? state.running)),
                ("container_patch_state", point(state.running)),
            ])
    }

    // MARK: Checking

    /// `details` is a JSON object in a string: lists of errors and warnings.
    func validation(_ arguments: GraphQLArguments) async throws -> GraphQLValue {
        var errors: [String] = []
        var warnings: [String] = []
        do {
            warnings = try await control.validateConfig(
                json: try arguments.encodedText("config") ?? "", by: caller)
        } catch ControlError.validation(let problem) {
            errors = [problem]
        }
        let details = try JSONText.text([
            "errors": .array(errors.map(JSONValue.string)),
            "warnings": .array(warnings.map(JSONValue.string)),
        ])
        return objects.object(
            "TrussValidation", [("success", .bool(errors.isEmpty)), ("details", .string(details))])
    }

    // MARK: Pushing

    /// The client hands all members but bucket and key to its S3 library, so two more than it selects make it
    /// upload to this installation.
    func uploadCredentials() throws -> GraphQLValue {
        let grant = try services.uploads.issueUpload(now: Date())
        return .object(
            GraphQLObject(
                [
                    ("s3_bucket", .string(grant.bucket)), ("s3_key", .string(grant.key)),
                    ("aws_access_key_id", .string(grant.accessKeyID)),
                    ("aws_secret_access_key", .string(grant.secretAccessKey)),
                    ("aws_session_token", .string(grant.sessionToken)),
                ],
                typeName: "UploadCredentials",
                alwaysIncluded: [
                    ("endpoint_url", .string(services.address.uploadURL)),
                    ("region_name", .string(services.uploads.region)),
                ]))
    }

    func createModel(_ arguments: GraphQLArguments) async throws -> GraphQLValue {
        let target = PushRequest.Target.modelNamed(
            try arguments.requiredText("name"), team: arguments.teamID)
        return try await push(
            arguments, arguments.push(to: target, isDevelopment: false, nameArgument: "version_name"))
    }

    func createVersion(_ arguments: GraphQLArguments) async throws -> GraphQLValue {
        let target = PushRequest.Target.model(ModelID(try arguments.requiredText("model_id")))
        return try await push(
            arguments, arguments.push(to: target, isDevelopment: false, nameArgument: "name"))
    }

    func deployDraft(_ arguments: GraphQLArguments) async throws -> GraphQLValue {
        let target = PushRequest.Target.modelNamed(
            try arguments.requiredText("name"), team: arguments.teamID)
        return try await push(
            arguments, arguments.push(to: target, isDevelopment: true, nameArgument: nil))
    }

    func stagePatch(_ arguments: GraphQLArguments) async throws -> GraphQLValue {
        let model = ModelID(try arguments.requiredText("id"))
        let patch = try arguments.encodedText("patch") ?? ""
        return try await patchAnswer(
            try await control.stagePatch(Data(patch.utf8), of: model, by: caller), model)
    }

    func syncPatches(_ arguments: GraphQLArguments) async throws -> GraphQLValue {
        let model = ModelID(try arguments.requiredText("id"))
        return try await patchAnswer(try await control.syncPatches(of: model, by: caller), model)
    }

    private func patchAnswer(_ outcome: PatchOutcome, _ model: ModelID) async throws -> GraphQLValue {
        var (error, needsFullDeploy) = (GraphQLValue.null, false)
        switch outcome {
        case .done: break
        case .stale: error = .string("The patch builds on a state that is not the newest one.")
        case .refused(let reason, let needed): (error, needsFullDeploy) = (.string(reason), needed)
        }
        return objects.object(
            "PatchResult",
            [
                ("id", .string(model.text)), ("name", .string(try await control.model(model).model.name)),
                (
                    "version_id",
                    .string(try await control.deployment(.development, of: model).deployment.id.text)
                ),
                ("succeeded", .bool(outcome == .done)), ("needs_full_deploy", .bool(needsFullDeploy)),
                ("error", error),
            ])
    }

    private func push(_ arguments: GraphQLArguments, _ request: PushRequest) async throws -> GraphQLValue {
        _ = try await control.checkPush(request, by: caller)
        let made = try await control.push(request, by: caller)
        let model = try await control.detailedModel(made.model.model.id)
        return objects.object(
            "Push",
            [
                ("model_version", objects.version(made.deployment, of: model)),
                // Ours: what of the config has no effect.
                ("warnings", .list(made.warnings.map(GraphQLValue.string))),
            ])
    }
}
