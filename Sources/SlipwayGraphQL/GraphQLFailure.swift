// An error of a request or a resolver, in the language's own form.

public struct GraphQLLocation: Sendable, Equatable {
    /// From 1.
    public var line: Int
    public var column: Int
}

public struct GraphQLFailure: Error, Sendable, Equatable {
    /// `extensions.code`; clients tell `RESOURCE_NOT_FOUND` apart.
    public var code: String
    public var message: String
    /// `extensions.description`, which clients prefer for display.
    public var description: String?
    public var location: GraphQLLocation?
    /// Answer names from the root to the field.
    public var path: [String] = []

    public init(code: String, message: String, description: String? = nil, location: GraphQLLocation? = nil) {
        self.code = code
        self.message = message
        self.description = description
        self.location = location
    }

    static func syntax(_ message: String, at location: GraphQLLocation) -> GraphQLFailure {
        GraphQLFailure(code: "GRAPHQL_PARSE_FAILED", message: "Syntax error: \(message)", location: location)
    }

    static func validation(_ message: String, at location: GraphQLLocation?) -> GraphQLFailure {
        GraphQLFailure(code: "GRAPHQL_VALIDATION_FAILED", message: message, location: location)
    }

    var value: GraphQLValue {
        var members: [(String, GraphQLValue)] = [("message", .string(message))]
        if let location {
            members.append(
                (
                    "locations",
                    .list([
                        .object(
                            GraphQLObject([
                                ("line", .int(Int64(location.line))),
                                ("column", .int(Int64(location.column))),
                            ]))
                    ])
                ))
        }
        if !path.isEmpty { members.append(("path", .list(path.map { .string($0) }))) }
        var extensions: [(String, GraphQLValue)] = [("code", .string(code))]
        if let description { extensions.append(("description", .string(description))) }
        members.append(("extensions", .object(GraphQLObject(extensions))))
        return .object(GraphQLObject(members))
    }
}
