// An environment of a model, and its settings, on the command line.

import ArgumentParser
import Foundation
import SlipwayAPI

struct EnvironmentArguments: ParsableArguments {
    @Argument(help: "Name or id of the model.") var model: String
    @Argument(help: "Name of the environment.") var environment: String

    /// The server, the model, the environment, and the environment's path.
    func find(_ options: ClientOptions) async throws -> (Remote, Named, Named, String) {
        let resolver = try options.resolver()
        let model = try await resolver.model(model)
        let environment = try await resolver.environment(environment, of: model)
        return (
            resolver.server, model, environment,
            path("v1", "models", model.id, "environments", environment.name)
        )
    }
}

struct EnvironmentSettings: ParsableArguments {
    @OptionGroup var autoscaling: AutoscalingOptions
    @Option(help: "The API's document with settings: JSON, @FILE or @- for standard input.")
    var settings: String?

    /// The body of the call, without a name.
    func body() throws -> JSONValue {
        var body = JSONValue.object([:])
        if let settings {
            guard let value = WireJSON.value(from: [UInt8](try InputData.read(settings))),
                case .object = value
            else { throw ValidationError("--settings is not a JSON object.") }
            body = value
        }
        guard !autoscaling.isEmpty else { return body }
        guard body[path: "autoscaling_settings"] == nil else {
            throw ValidationError(
                "Autoscaling settings are in --settings and in options; give one of the two.")
        }
        return body.replacing("autoscaling_settings", with: autoscaling.body)
    }
}

/// Data as curl takes it: itself, `@FILE` or `@-`.
enum InputData {
    static func read(_ text: String) throws -> Data {
        guard text.hasPrefix("@") else { return Data(text.utf8) }
        let file = String(text.dropFirst())
        do {
            if file == "-" { return try FileHandle.standardInput.readToEnd() ?? Data() }
            return try Data(contentsOf: URL(fileURLWithPath: file))
        } catch {
            throw ValidationError("\(file == "-" ? "Standard input" : file) cannot be read.")
        }
    }
}
