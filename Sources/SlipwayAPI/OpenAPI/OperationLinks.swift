// Which operations can follow one: what its answer names is the parameter of others. `APIOperation` writes it into the
// document as links.

enum OperationLinks {
    /// What the answers of operations name: parameters of paths, and where in the answer they are.
    static let named: [String: [String: String]] = [
        "listModels": ["model_id": "/models/0/id"],
        "listTeamModels": ["model_id": "/models/0/id"],
        "createModel": created, "createTeamModel": created, "createDeployment": created,
        "getModel": ["model_id": "/id"],
        "listDeployments": ["deployment_id": "/deployments/0/id"],
        "getDevelopmentDeployment": ["deployment_id": "/id"],
        "getProductionDeployment": ["deployment_id": "/id"],
        "promoteDevelopmentDeployment": ["deployment_id": "/id"],
        "promoteDeployment": ["deployment_id": "/id"],
        "promoteToEnvironment": ["deployment_id": "/id"],
        "listEnvironments": ["env_name": "/environments/0/name"],
        "createEnvironment": ["env_name": "/name"],
        "listEnvironmentGroups": ["env_name": "/items/0/name"],
        "listTeamEnvironmentGroups": ["env_name": "/items/0/name"],
        "getDeploymentLogs": ["replica_id": "/logs/0/replica"],
        "listSecrets": ["secret_name": "/secrets/0/name"],
        "upsertSecret": ["secret_name": "/name"],
        "listTeamSecrets": ["secret_name": "/secrets/0/name"],
        "upsertTeamSecret": ["secret_name": "/name"],
        "listAPIKeys": ["api_key_prefix": "/keys/0/prefix"],
        "listTeams": ["team_id": "/teams/0/id"],
        "listUsers": ["user_id": "/items/0/user_id"],
        "getCurrentUser": ["user_id": "/user_id"],
        "asyncPredict": submitted, "asyncPredictDeployment": submitted, "asyncPredictDevelopment": submitted,
        "asyncPredictProduction": submitted, "asyncPredictRegional": submitted,
    ]

    private static let created = ["model_id": "/model/id", "deployment_id": "/deployment/id"]
    private static let submitted = ["request_id": "/request_id"]

    /// Links to every operation of the same plane that has one of the named parameters, and no other than these and
    /// those of the call itself.
    static func json(from source: APIOperation) -> JSONValue? {
        guard let named = named[source.id] else { return nil }
        var links: [String: JSONValue] = [:]
        for target in OpenAPIDocument.operations where target.plane == source.plane && target.id != source.id
        {
            let wanted = target.pathParameters
            guard wanted.contains(where: { named[$0] != nil }),
                wanted.allSatisfy({ named[$0] != nil || source.pathParameters.contains($0) })
            else { continue }
            let values = wanted.map { name in
                (
                    name,
                    JSONValue.string(named[name].map { "$response.body#\($0)" } ?? "$request.path.\(name)")
                )
            }
            links[target.id] = [
                "operationId": .string(target.id),
                "parameters": .object(Dictionary(values, uniquingKeysWith: { first, _ in first })),
            ]
        }
        return links.isEmpty ? nil : .object(links)
    }
}
