// The fields a server offers and how a request runs against them.

/// Types of arguments; scalars of the client's own (`JSONString`) are strings.
public indirect enum GraphQLType: Sendable, Equatable {
    case string, int, float, bool, enumeration, object
    case list(GraphQLType)
}

public struct GraphQLArgument: Sendable {
    public var name: String
    public var type: GraphQLType
    public var isRequired: Bool
    /// Why it decides nothing; nil for one that does.
    public var withoutEffect: String?

    public init(
        _ name: String, _ type: GraphQLType, required: Bool = false, withoutEffect: String? = nil
    ) {
        self.name = name
        self.type = type
        isRequired = required
        self.withoutEffect = withoutEffect
    }
}

/// Checked arguments of one field.
public struct GraphQLArguments: Sendable {
    public let values: [String: GraphQLValue]

    public init(_ values: [String: GraphQLValue]) { self.values = values }

    /// nil for an argument that is missing or null.
    public subscript(_ name: String) -> GraphQLValue? {
        guard let value = values[name], value != .null else { return nil }
        return value
    }
}

/// A root field.
public struct GraphQLField<Context: Sendable>: Sendable {
    public var name: String
    public var arguments: [GraphQLArgument]
    public var resolve: @Sendable (Context, GraphQLArguments) async throws -> GraphQLValue

    public init(
        _ name: String, arguments: [GraphQLArgument] = [],
        resolve: @escaping @Sendable (Context, GraphQLArguments) async throws -> GraphQLValue
    ) {
        self.name = name
        self.arguments = arguments
        self.resolve = resolve
    }
}

public struct GraphQLSchema<Context: Sendable>: Sendable {
    /// Root fields by name.
    public let queries: [String: GraphQLField<Context>]
    public let mutations: [String: GraphQLField<Context>]
    private let limits: GraphQLLimits

    public init(
        queries: [GraphQLField<Context>], mutations: [GraphQLField<Context>],
        limits: GraphQLLimits = GraphQLLimits()
    ) {
        self.limits = limits
        self.queries = Dictionary(uniqueKeysWithValues: queries.map { ($0.name, $0) })
        self.mutations = Dictionary(uniqueKeysWithValues: mutations.map { ($0.name, $0) })
    }

    /// Runs the request's operation. Errors end up in the response, never as a throw.
    public func execute(_ request: GraphQLRequest, context: Context) async -> GraphQLResponse {
        do {
            let operation = try operation(of: request)
            let variables = try Variables.checked(operation, given: request.variables)
            return await run(operation, variables, context)
        } catch {
            return GraphQLResponse(data: .null, failures: [error])
        }
    }

    private func operation(of request: GraphQLRequest) throws(GraphQLFailure) -> Operation {
        let operations = try Parser.operations(request.query, limits)
        for operation in operations where operation.selections.count > limits.rootFields {
            throw .validation(
                "An operation may ask for \(limits.rootFields) fields at its root, not \(operation.selections.count).",
                at: operation.location)
        }
        guard let name = request.operationName else {
            guard operations.count == 1 else {
                throw .validation("operationName is required: the document has several operations", at: nil)
            }
            return operations[0]
        }
        guard let operation = operations.first(where: { $0.name == name }) else {
            throw .validation("The document has no operation \"\(name)\".", at: nil)
        }
        return operation
    }

    private func run(
        _ operation: Operation, _ variables: [String: GraphQLValue], _ context: Context
    ) async -> GraphQLResponse {
        let fields = operation.kind == .query ? queries : mutations
        let type = operation.kind == .query ? "Query" : "Mutation"
        var members: [(String, GraphQLValue)] = []
        var failures: [GraphQLFailure] = []
        var budget = AnswerBudget(limits)
        for selection in operation.selections {
            do {
                guard try Directives.includes(selection, variables) else { continue }
                if selection.name == "__typename" {
                    members.append((selection.responseName, .string(type)))
                    continue
                }
                guard let field = fields[selection.name] else {
                    throw GraphQLFailure.validation(
                        "Cannot query field \"\(selection.name)\" on type \"\(type)\".",
                        at: selection.location)
                }
                let arguments = try ArgumentCheck.arguments(of: selection, for: field.arguments, variables)
                let value = try await field.resolve(context, arguments)
                members.append(
                    (
                        selection.responseName,
                        try Projection.project(value, selection, variables, &budget)
                    ))
            } catch {
                members.append((selection.responseName, .null))
                failures.append(Self.failure(error, selection))
            }
        }
        let hasData = members.contains { $0.1 != .null }
        return GraphQLResponse(
            data: hasData || failures.isEmpty ? .object(GraphQLObject(members)) : .null, failures: failures)
    }

    private static func failure(_ error: any Error, _ selection: Selection) -> GraphQLFailure {
        // What is not meant for clients stays inside.
        var failure =
            error as? GraphQLFailure
            ?? GraphQLFailure(
                code: "INTERNAL_ERROR", message: "The server could not answer; its log says why.")
        failure.location = failure.location ?? selection.location
        if failure.path.isEmpty { failure.path = [selection.responseName] }
        return failure
    }
}
