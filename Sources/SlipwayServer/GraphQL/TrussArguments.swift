// Arguments of the push mutations and of the validation: base64 texts, JSON in strings, names that differ from
// one mutation to the next. Their types are checked by the schema before.

import Foundation
import SlipwayControl
import SlipwayCore
import SlipwayGraphQL

extension GraphQLArguments {
    /// nil for an argument that is missing or null.
    func text(_ name: String) -> String? {
        if case .string(let text)? = self[name] { text } else { nil }
    }

    /// - Throws: `ControlError.validation` when the argument is missing.
    func requiredText(_ name: String) throws(ControlError) -> String {
        guard let text = text(name) else { throw .validation("\(name) is required.") }
        return text
    }

    func flag(_ name: String) -> Bool? {
        if case .bool(let flag)? = self[name] { flag } else { nil }
    }

    func integer(_ name: String) -> Int? {
        if case .int(let number)? = self[name] { Int(number) } else { nil }
    }

    /// A text sent as base64.
    func encodedText(_ name: String) throws(ControlError) -> String? {
        guard let encoded = text(name) else { return nil }
        guard let data = Data(base64Encoded: encoded), let text = String(validating: data, as: UTF8.self)
        else {
            throw .validation("\(name) must be UTF-8 text in base64.")
        }
        return text
    }

    var teamID: TeamID? { text("team_id").map { TeamID($0) } }

    /// User labels: a JSON object in a string.
    private var labels: String? {
        get throws {
            guard let text = text("user_deploy_metadata") else { return nil }
            guard let object = try? JSONText.object(text) else {
                throw ControlError.validation("user_deploy_metadata must be a JSON object in a string.")
            }
            return try JSONText.text(object)
        }
    }

    /// What the three push mutations have in common.
    /// - Parameter nameArgument: the argument with the new deployment's name; nil where it cannot be named.
    func push(
        to target: PushRequest.Target, isDevelopment: Bool, nameArgument: String?
    ) throws -> PushRequest {
        PushRequest(
            target: target, archiveKey: try requiredText("s3_key"), isDevelopment: isDevelopment,
            deploymentName: nameArgument.flatMap { text($0) }, environment: text("environment_name"),
            scaleDownPrevious: flag("scale_down_old_production") ?? true,
            preserveEnvironmentInstanceType: flag("preserve_env_instance_type") ?? true,
            deployTimeoutMinutes: integer("deploy_timeout_minutes"), labelsJSON: try labels,
            allowsDownload: flag("allow_truss_download") ?? true, rawConfig: try encodedText("raw_config"),
            configJSON: try encodedText("config"))
    }
}
