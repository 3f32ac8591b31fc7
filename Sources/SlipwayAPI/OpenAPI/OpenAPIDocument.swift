// The OpenAPI 3.1 document of what this server does; GET /openapi.json answers with it.

/// Our own description of the built operations; component schemas carry the contract's names.
public enum OpenAPIDocument {
    /// The document as JSON text.
    ///
    /// - Parameter serverURL: where the management API answers, such as `http://localhost:8080`; the hosts of
    ///   models are derived from it.
    public static func json(serverURL: String) -> [UInt8] {
        do {
            return try WireJSON.encode(document(serverURL: serverURL))
        } catch {
            preconditionFailure("the document holds nothing JSON cannot express: \(error)")
        }
    }

    /// Those of requests are closed: the server refuses members it does not know.
    static let schemas: [String: Schema] = {
        var schemas = declared
        var open = operations.compactMap { operation -> String? in
            if case .json(let name) = operation.body { name } else { nil }
        }
        var seen = Set(open)
        while let name = open.popLast() {
            guard let schema = schemas[name] else { continue }
            schemas[name] = schema.closed
            open += schema.references.filter { seen.insert($0).inserted }
        }
        return schemas
    }()

    private static let declared: [String: Schema] = [
        Schema.models, Schema.deployments, Schema.promotions, Schema.promotionPlans, Schema.promotionSafety,
        Schema.patches, Schema.environmentGroups,
        Schema.environments,
        Schema.environmentChanges,
        Schema.autoscaling, Schema.autoscalingSchedules,
        Schema.logs, Schema.metrics, Schema.auditLogs, Schema.instanceTypes, Schema.users, Schema.teams,
        Schema.secrets,
        Schema.apiKeys,
        Schema.uploads, Schema.pushes, Schema.asyncInference, Schema.errors,
    ].reduce(into: [:]) { all, some in all.merge(some, uniquingKeysWith: { first, _ in first }) }

    static let operations: [APIOperation] =
        APIOperation.models + APIOperation.deployments + APIOperation.environments + APIOperation.promotions
        + APIOperation.environmentGroups + APIOperation.patches + APIOperation.logs + APIOperation.metrics
        + APIOperation.auditLogs
        + APIOperation.instanceTypes
        + APIOperation.users
        + APIOperation.teams
        + APIOperation.secrets + APIOperation.apiKeys + APIOperation.pushes + APIOperation.inference
        + APIOperation.asyncInference

    static func document(serverURL: String) -> JSONValue {
        [
            "openapi": "3.1.0",
            "info": [
                "title": "Slipway",
                "version": "1",
                "description": "Takes machine-learning models from push to production on your own machines.",
            ],
            "servers": [["url": .string(serverURL)]],
            "security": [["Bearer": []], ["ApiKey": []]],
            "paths": paths(serverURL: serverURL),
            "components": [
                "schemas": .object(schemas.mapValues(\.json)),
                "responses": .object(ErrorResponses.components),
                "securitySchemes": [
                    "Bearer": [
                        "type": "http", "scheme": "bearer",
                        "description": "The API key after the word Bearer in the header Authorization.",
                    ],
                    "ApiKey": [
                        "type": "apiKey", "in": "header", "name": "Authorization",
                        "description": "The API key after the word Api-Key.",
                    ],
                ],
            ],
        ]
    }

    private static func paths(serverURL: String) -> JSONValue {
        var paths: [String: [String: JSONValue]] = [:]
        for operation in operations {
            paths[operation.path, default: [:]][operation.method.rawValue.lowercased()] = operation.json
            if operation.plane == .inference {
                paths[operation.path]?["servers"] = ModelServers.json(
                    serverURL: serverURL, regional: !operation.path.dropFirst().contains("/"))
            }
        }
        return .object(paths.mapValues(JSONValue.object))
    }
}
