// What each operation of the official client's GraphQL does. Every function answers the whole object; the
// executor picks what the query selects.

import Foundation
import SlipwayAPI
import SlipwayControl
import SlipwayCore

struct TrussResolvers: Sendable {
    let services: Services
    let caller: Caller

    private var control: ControlPlane { services.control }
    private var objects: TrussObjects { TrussObjects(address: services.address) }

    // MARK: Reading

    func models(_ arguments: TrussArguments) async throws -> [[String: JSONValue]] {
        let team = try arguments.optionalText("team_id").map { TeamID($0) }
        // Chains are not built, so no model is part of one.
        if try arguments.flag("chainlets_only") == true { return [] }
        return try await control.models(team: team).map(objects.model)
    }

    func model(_ arguments: TrussArguments) async throws -> [String: JSONValue] {
        switch (try arguments.optionalText("id"), try arguments.optionalText("name")) {
        case (let id?, nil): return objects.model(try await control.model(ModelID(id)))
        case (nil, let name?):
            return objects.model(try await control.model(named: name, team: caller.teamID))
        default: throw ControlError.validation("Exactly one of id and name is required.")
        }
    }

    func modelVersion(_ arguments: TrussArguments) async throws -> [String: JSONValue] {
        let view = try await control.deployment(anyModel: DeploymentID(try arguments.text("id")))
        return objects.version(view, of: try await control.model(view.deployment.modelID))
    }

    func teams() async throws -> [[String: JSONValue]] {
        try await control.teams().map { team in
            ["id": .string(team.id.text), "name": .string(team.name), "default": .bool(team.isDefault)]
        }
    }

    func organization() async throws -> [String: JSONValue] {
        let organization = try await control.organization
        return [
            "id": .string(organization.id), "workspace_name": .string(organization.name),
            "aws_customer_access_role_arn": .null, "aws_external_id": .null,
        ]
    }

    func user() -> [String: JSONValue] {
        [
            "id": .string(caller.user.id.text), "name": .string(caller.user.name),
            "email": .string(caller.user.email),
        ]
    }

    func listedInstances() -> [[String: JSONValue]] {
        control.instanceTypes.enumerated().map { index, type in
            objects.instance(type, isDefault: index == 0)
        }
    }

    /// The development deployment's state for a watching client. Live patches are not built, so what runs is
    /// always what was pushed, and there is no patch point to continue from.
    func watchState(_ arguments: TrussArguments) async throws -> [String: JSONValue] {
        _ = try await control.deployment(.development, of: ModelID(try arguments.text("id")))
        return [
            "is_container_built_from_push": true, "django_patch_state": .null, "container_patch_state": .null,
        ]
    }

    // MARK: Checking

    /// `details` is a JSON object in a string: lists of errors and warnings.
    func validation(_ arguments: TrussArguments) throws -> [String: JSONValue] {
        var errors: [String] = []
        var warnings: [String] = []
        do {
            warnings = try control.validateConfig(json: try arguments.encodedText("config") ?? "")
        } catch ControlError.validation(let problem) {
            errors = [problem]
        }
        let details = try JSONText.text([
            "errors": .array(errors.map(JSONValue.string)), "warnings": .array(warnings.map(JSONValue.string)),
        ])
        return ["success": .bool(errors.isEmpty), "details": .string(details)]
    }

    // MARK: Pushing

    /// The client hands all members but bucket and key to its S3 library, so two more than it selects make it
    /// upload to this installation.
    func uploadCredentials() throws -> [String: JSONValue] {
        let grant = try services.uploads.issueUpload(now: Date())
        return [
            "s3_bucket": .string(grant.bucket), "s3_key": .string(grant.key),
            "aws_access_key_id": .string(grant.accessKeyID),
            "aws_secret_access_key": .string(grant.secretAccessKey),
            "aws_session_token": .string(grant.sessionToken),
            "endpoint_url": .string(services.address.uploadURL),
            "region_name": .string(services.uploads.region),
        ]
    }

    func createModel(_ arguments: TrussArguments) async throws -> [String: JSONValue] {
        try await push(
            arguments,
            arguments.push(
                to: .modelNamed(try arguments.text("name"), team: try team(arguments)), isDevelopment: false,
                nameArgument: "version_name"))
    }

    func createVersion(_ arguments: TrussArguments) async throws -> [String: JSONValue] {
        try await push(
            arguments,
            arguments.push(
                to: .model(ModelID(try arguments.text("model_id"))), isDevelopment: false,
                nameArgument: "name"))
    }

    func deployDraft(_ arguments: TrussArguments) async throws -> [String: JSONValue] {
        try await push(
            arguments,
            arguments.push(
                to: .modelNamed(try arguments.text("name"), team: try team(arguments)), isDevelopment: true,
                nameArgument: nil))
    }

    /// Both mutations of live patches.
    func patch() throws -> [String: JSONValue] {
        throw ControlError.unavailable(
            "Live patches are not built in this version of Slipway; push the model again instead.")
    }

    private func team(_ arguments: TrussArguments) throws -> TeamID? {
        try arguments.optionalText("team_id").map { TeamID($0) }
    }

    private func push(
        _ arguments: TrussArguments, _ request: PushRequest
    ) async throws -> [String: JSONValue] {
        try await control.checkPush(request, configJSON: try arguments.encodedText("config"), by: caller)
        let made = try await control.push(request, by: caller)
        return ["model_version": .object(objects.version(made.deployment, of: made.model))]
    }
}
