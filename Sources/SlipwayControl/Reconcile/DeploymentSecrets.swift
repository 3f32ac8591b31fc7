// The secrets that a deployment asks for by name, opened for its replicas and for its build.

import Foundation
import SlipwayCore
import SlipwayStore

struct DeploymentSecrets: Sendable {
    let store: Store
    let box: SecretBox

    /// The values of the team's secrets of these names, as far as there are any.
    func values(_ names: Set<String>, of model: ModelID) async throws -> [String: String] {
        if names.isEmpty { return [:] }
        let sealed = try await store.read { db in
            guard let model = try db.model(model) else { return [SealedSecret]() }
            return try db.secrets(of: model.teamID).filter { names.contains($0.name) }
        }
        var values: [String: String] = [:]
        for secret in sealed {
            values[secret.name] = try box.open(secret.sealed, context: "\(secret.team_id)/\(secret.name)")
        }
        return values
    }
}

/// The secrets a config asks for by name.
enum SecretNames {
    /// Of replicas. What is for image registries is no file of theirs.
    static func names(inConfigJSON json: String) -> Set<String> {
        keys(of: config(json)["secrets"]).filter { !Names.isOfRegistry(secret: $0) }
    }

    /// Of build commands.
    static func ofBuild(inConfigJSON json: String) -> Set<String> {
        keys(of: (config(json)["build"] as? [String: Any])?["secret_to_path_mapping"]).filter {
            !Names.isOfRegistry(secret: $0)
        }
    }

    private static func config(_ json: String) -> [String: Any] {
        (try? JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]) ?? [:]
    }

    private static func keys(of value: Any?) -> Set<String> {
        Set((value as? [String: Any] ?? [:]).keys)
    }
}
