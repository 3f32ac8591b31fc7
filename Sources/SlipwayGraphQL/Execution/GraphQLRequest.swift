// A request as it comes over HTTP.

import Foundation

public struct GraphQLRequest: Sendable {
    public var query: String
    public var operationName: String?
    public var variables: [String: GraphQLValue]

    public init(query: String, operationName: String? = nil, variables: [String: GraphQLValue] = [:]) {
        self.query = query
        self.operationName = operationName
        self.variables = variables
    }

    /// - Throws: `GraphQLFailure` when the body is not a JSON object with a `query`.
    public init(json: [UInt8]) throws(GraphQLFailure) {
        guard let object = try? JSONSerialization.jsonObject(with: Data(json)) as? [String: Any] else {
            throw GraphQLFailure(code: "BAD_REQUEST", message: "The body must be a JSON object.")
        }
        guard let query = object["query"] as? String else {
            throw GraphQLFailure(code: "BAD_REQUEST", message: "The body must have a \"query\" string.")
        }
        switch object["variables"] {
        case nil, is NSNull: variables = [:]
        case let given as [String: Any]: variables = given.mapValues(GraphQLValue.init(json:))
        default: throw GraphQLFailure(code: "BAD_REQUEST", message: "\"variables\" must be an object.")
        }
        self.query = query
        operationName = object["operationName"] as? String
    }
}

public struct GraphQLResponse: Sendable {
    public var data: GraphQLValue
    public var failures: [GraphQLFailure]

    /// The answer's body; HTTP status 200 in every case.
    public var json: [UInt8] {
        var members: [(String, GraphQLValue)] = [("data", data)]
        if !failures.isEmpty { members.append(("errors", .list(failures.map(\.value)))) }
        var text = ""
        GraphQLValue.object(GraphQLObject(members)).write(to: &text)
        return Array(text.utf8)
    }
}
