// Addresses of models, derived from the address of the management API, as OpenAPI server objects.

import FoundationEssentials

enum ModelServers {
    /// - Parameter regional: whether the host names the environment, so that the path is the operation alone.
    static func json(serverURL: String, regional: Bool) -> JSONValue {
        let model = variable("Identifier of a model.", default: "model")
        if regional {
            return [
                [
                    "url": .string(host(serverURL, "model-{model_id}-{env_name}")),
                    "variables": [
                        "model_id": model,
                        "env_name": variable("Name of an environment.", default: "production"),
                    ],
                ]
            ]
        }
        return [
            ["url": .string(host(serverURL, "model-{model_id}")), "variables": ["model_id": model]],
            ["url": .string(trimmed(serverURL) + "/model/{model_id}"), "variables": ["model_id": model]],
        ]
    }

    private static func variable(_ description: String, default value: String) -> JSONValue {
        ["default": .string(value), "description": .string(description)]
    }

    /// Puts `label` before the host of `url`.
    private static func host(_ url: String, _ label: String) -> String {
        guard let end = url.range(of: "://")?.upperBound else { return "\(label).\(trimmed(url))" }
        return url[..<end] + "\(label)." + trimmed(String(url[end...]))
    }

    private static func trimmed(_ url: String) -> String { url.hasSuffix("/") ? String(url.dropLast()) : url }
}
