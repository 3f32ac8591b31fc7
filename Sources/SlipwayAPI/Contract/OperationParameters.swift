// What each operation takes. The server checks every call against its row, a test walks the public contract with it, and
// docs/compatibility.md is written from it, so that no parameter is taken in silence.

/// The parameters and body members of one built operation, from its description in the OpenAPI document.
public struct OperationParameters: Sendable {
    /// What becomes of a parameter.
    public enum Treatment: Sendable, Equatable {
        case honoured
        /// Answered with 400 and its name.
        case refused(String)
        /// Answered with 501.
        case notBuilt
        /// Taken, but it decides nothing.
        case withoutEffect(String)
    }

    public struct Parameter: Sendable, Equatable {
        public var name: String
        /// Whether it may be given several times.
        public var isList: Bool
        public var treatment: Treatment
    }

    /// Of the management or the inference API, path as in the contract.
    public var method: ContractOperation.Method
    public var path: String
    public var query: [Parameter]
    public var headers: [String]
    /// Name of the schema of the JSON body; nil where there is none.
    public var body: String?
    /// Whether the query and body belong to the model.
    public var passesOn: Bool

    /// One row for each built operation.
    public static let all = OpenAPIDocument.operations.map(OperationParameters.init)

    private static let rows = Dictionary(
        uniqueKeysWithValues: all.map { ("\($0.method.rawValue) \($0.path)", $0) })

    /// - Returns: nil for an operation that is not built.
    public static func row(_ method: String, _ path: String) -> OperationParameters? {
        rows["\(method) \(path)"]
    }

    private init(_ operation: APIOperation) {
        method = operation.method
        path = operation.path
        query = operation.query.map {
            Parameter(
                name: $0.name, isList: $0.schema.json.isArray,
                treatment: BodyMember.exceptions["\($0.name)"] ?? .honoured)
        }
        headers = operation.takesIdempotencyKey ? [Self.idempotencyKey] : []
        passesOn = false
        switch operation.body {
        case .json(let name): body = name
        case .model: passesOn = true
        case .none: passesOn = operation.plane == .inference && operation.path.contains("/sync/")
        }
    }

    public static let idempotencyKey = "Idempotency-Key"

    /// Refuses parameters that the operation does not have.
    ///
    /// - Parameter query: names and values after percent decoding.
    /// - Throws: `BadRequest` naming the first parameter that is unknown, or stands twice and is no list.
    public func check(query pairs: [(name: String, value: String)]) throws(BadRequest) {
        var seen: Set<String> = []
        for (name, _) in pairs {
            guard let parameter = query.first(where: { $0.name == name }) else {
                let known =
                    query.isEmpty ? "it takes none" : "it takes \(query.map(\.name).joined(separator: ", "))"
                throw BadRequest(
                    "query parameter \(name.prefix(100)): unknown to \(method.rawValue) \(path), \(known)")
            }
            guard seen.insert(name).inserted || parameter.isList else {
                throw BadRequest("query parameter \(name): given more than once")
            }
        }
    }
}

/// A member of a request body, by its path: `source.deployment.config`, `patch_ops[].path`.
public struct BodyMember: Sendable, Equatable {
    public var path: String
    public var treatment: OperationParameters.Treatment

    /// What is not honoured, by the name of a query parameter or of a schema and its member.
    static let exceptions: [String: OperationParameters.Treatment] = [
        "component": .refused("log lines name no component"),
        "chain_deployment_ids": .withoutEffect("there are no chains: any id matches nothing"),
        "GetDeploymentLogsRequestV1.component": .refused("log lines name no component"),
        "LibraryListingSourceV1.lab_display_name": .notBuilt,
        "LibraryListingSourceV1.user_defined_listing_id": .notBuilt,
        "LibraryListingSourceV1.deployed_model_name": .notBuilt,
        "DeploymentArchivePayloadV1.user_env": .withoutEffect("describes the client's machine"),
    ]

    /// The members of a request document, nested ones after the one they are in.
    ///
    /// - Parameter schema: name of a component of the OpenAPI document.
    public static func all(of schema: String) -> [BodyMember] {
        var members: [BodyMember] = []
        collect(Schema.ref(schema).json, owner: schema, prefix: "", into: &members)
        return members
    }

    private static func collect(
        _ schema: JSONValue, owner: String, prefix: String, into members: inout [BodyMember]
    ) {
        guard case .object(let keywords) = schema else { return }
        if case .string(let reference)? = keywords["$ref"],
            let name = reference.split(separator: "/").last.map(String.init),
            let target = OpenAPIDocument.schemas[name]
        {
            collect(target.json, owner: name, prefix: prefix, into: &members)
        }
        for keyword in ["anyOf", "oneOf"] {
            guard case .array(let choices)? = keywords[keyword] else { continue }
            for choice in choices { collect(choice, owner: owner, prefix: prefix, into: &members) }
        }
        if let items = keywords["items"] {
            let inner = prefix.isEmpty ? "[]." : prefix.dropLast() + "[]."
            collect(items, owner: owner, prefix: inner, into: &members)
        }
        guard case .object(let properties)? = keywords["properties"] else { return }
        for (name, member) in properties.sorted(by: { $0.key < $1.key }) {
            let path = prefix + name
            if !members.contains(where: { $0.path == path }) {
                members.append(
                    BodyMember(path: path, treatment: exceptions["\(owner).\(name)"] ?? .honoured))
            }
            collect(member, owner: owner, prefix: path + ".", into: &members)
        }
    }
}

extension JSONValue {
    /// Whether a schema describes an array, or an array or null.
    fileprivate var isArray: Bool {
        guard case .object(let keywords) = self else { return false }
        if keywords["type"] == "array" { return true }
        guard case .array(let choices)? = keywords["anyOf"] else { return false }
        return choices.contains { $0.isArray }
    }
}
