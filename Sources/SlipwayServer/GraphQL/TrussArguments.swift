// Arguments of the push mutations and of the validation: base64 texts, JSON in strings, names that differ from
// one mutation to the next.

import Foundation
import SlipwayAPI
import SlipwayControl
import SlipwayCore

/// The arguments of one field, variables already put in; null and absent are the same.
struct TrussArguments: Sendable {
    let values: [String: JSONValue]

    func text(_ name: String) throws -> String {
        guard let text = try optionalText(name) else {
            throw ControlError.validation("\(name): expected a string, found nothing")
        }
        return text
    }

    func optionalText(_ name: String) throws -> String? {
        switch values[name] {
        case nil, .null: return nil
        case .string(let text): return text
        case let other?: throw ControlError.validation("\(name): expected a string, found \(other.kind)")
        }
    }

    func flag(_ name: String) throws -> Bool? {
        switch values[name] {
        case nil, .null: return nil
        case .bool(let flag): return flag
        case let other?: throw ControlError.validation("\(name): expected a boolean, found \(other.kind)")
        }
    }

    func integer(_ name: String) throws -> Int? {
        switch values[name] {
        case nil, .null: return nil
        case .integer(let number): return Int(number)
        case let other?: throw ControlError.validation("\(name): expected an integer, found \(other.kind)")
        }
    }

    /// A text sent as base64.
    func encodedText(_ name: String) throws -> String? {
        guard let encoded = try optionalText(name) else { return nil }
        guard let data = Data(base64Encoded: encoded), let text = String(validating: data, as: UTF8.self) else {
            throw ControlError.validation("\(name): expected UTF-8 text in base64")
        }
        return text
    }

    /// User labels: a JSON object in a string.
    var labels: String? {
        get throws {
            guard let text = try optionalText("user_deploy_metadata") else { return nil }
            guard let object = try? JSONText.object(text) else {
                throw ControlError.validation("user_deploy_metadata: expected a JSON object in a string")
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
            target: target, archiveKey: try text("s3_key"), isDevelopment: isDevelopment,
            deploymentName: try nameArgument.flatMap { try optionalText($0) },
            environment: try optionalText("environment_name"),
            scaleDownPrevious: try flag("scale_down_old_production") ?? true,
            preserveEnvironmentInstanceType: try flag("preserve_env_instance_type") ?? true,
            deployTimeoutMinutes: try integer("deploy_timeout_minutes"), labelsJSON: try labels,
            allowsDownload: try flag("allow_truss_download") ?? true, rawConfig: try encodedText("raw_config"))
    }
}
