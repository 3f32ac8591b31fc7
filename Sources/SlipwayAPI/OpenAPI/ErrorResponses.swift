// The error answers shared by all operations, as components of the document.

enum ErrorResponses {
    /// Statuses every management operation may answer.
    static let management = [400, 401, 403, 404, 429]
    /// Statuses every inference operation may answer.
    static let inference = [400, 401, 403, 404, 413, 429, 500, 502, 504]

    static func reference(_ status: Int, on plane: ContractOperation.Plane) -> JSONValue {
        ["$ref": .string("#/components/responses/\(name(status, on: plane))")]
    }

    static let components: [String: JSONValue] = {
        var components: [String: JSONValue] = [:]
        for (plane, schema) in [
            (ContractOperation.Plane.management, "ErrorV1"), (.inference, "ErrorResponse"),
        ] {
            for (status, description) in descriptions {
                components[name(status, on: plane)] = [
                    "description": .string(description),
                    "content": ["application/json": ["schema": Schema.ref(schema).json]],
                ]
            }
        }
        return components
    }()

    private static let descriptions = [
        400: "The request is wrong, or does not fit the present state.",
        401: "The key is missing or unknown.",
        403: "The key does not carry the right.",
        404: "There is no such object, or the key may not see it.",
        409:
            "Somebody else changed the same thing meanwhile, or the Idempotency-Key stands for another call.",
        413: "The body is too large.",
        429: "Too many requests; try again later.",
        500: "The platform failed, or no replica became ready in time.",
        501: "This part of the contract is not built yet.",
        502: "The replica broke off.",
        503: "It cannot be done now; nothing was changed, try again.",
        504: "The model took too long.",
    ]

    private static func name(_ status: Int, on plane: ContractOperation.Plane) -> String {
        (plane == .management ? "Management" : "Inference") + "Error\(status)"
    }
}
