// Variables, arguments, directives and selections, checked before and after a resolver runs.

enum Variables {
    /// The given variables checked against their definitions, with defaults filled in.
    static func checked(
        _ operation: Operation, given: [String: GraphQLValue]
    ) throws(GraphQLFailure) -> [String: GraphQLValue] {
        var values: [String: GraphQLValue] = [:]
        for definition in operation.variables {
            let value = given[definition.name] ?? definition.defaultValue
            guard let value else {
                if case .required = definition.type {
                    throw .validation(
                        "Variable \"$\(definition.name)\" is required.", at: definition.location)
                }
                values[definition.name] = .null
                continue
            }
            guard fits(value, definition.type) else {
                throw .validation(
                    "Variable \"$\(definition.name)\" got \(value.kind), which is not of its type.",
                    at: definition.location)
            }
            values[definition.name] = value
        }
        return values
    }

    private static func fits(_ value: GraphQLValue, _ type: TypeReference) -> Bool {
        switch type {
        case .required(let inner): return value != .null && fits(value, inner)
        case .list(let inner):
            if case .list(let items) = value { return items.allSatisfy { fits($0, inner) } }
            return value == .null || fits(value, inner)
        case .named(let name):
            switch (name, value) {
            case (_, .null): return true
            case ("Int", .int), ("Float", .int), ("Float", .float), ("Boolean", .bool), ("ID", .int):
                return true
            case ("String", .string), ("ID", .string), ("JSONString", .string): return true
            case ("Int", _), ("Float", _), ("Boolean", _), ("String", _), ("ID", _), ("JSONString", _):
                return false
            default: return true
            }
        }
    }
}

enum ArgumentCheck {
    static func arguments(
        of selection: Selection, for known: [GraphQLArgument], _ variables: [String: GraphQLValue]
    ) throws(GraphQLFailure) -> GraphQLArguments {
        var values: [String: GraphQLValue] = [:]
        for argument in selection.arguments {
            guard let expected = known.first(where: { $0.name == argument.name }) else {
                throw .validation(
                    "Unknown argument \"\(argument.name)\" on field \"\(selection.name)\".",
                    at: argument.location)
            }
            guard values[argument.name] == nil else {
                throw .validation("Argument \"\(argument.name)\" is given twice.", at: argument.location)
            }
            guard let value = argument.value.resolved(with: variables) else {
                throw .validation(
                    "Argument \"\(argument.name)\" uses a variable that is not defined.",
                    at: argument.location)
            }
            guard let coerced = coerce(value, expected.type) else {
                throw .validation(
                    "Argument \"\(argument.name)\" must be \(describe(expected.type)), not \(value.kind).",
                    at: argument.location)
            }
            values[argument.name] = coerced
        }
        for argument in known where argument.isRequired {
            guard let value = values[argument.name], value != .null else {
                throw .validation(
                    "Argument \"\(argument.name)\" of field \"\(selection.name)\" is required.",
                    at: selection.location)
            }
        }
        return GraphQLArguments(values)
    }

    private static func coerce(_ value: GraphQLValue, _ type: GraphQLType) -> GraphQLValue? {
        switch (type, value) {
        case (_, .null): return .null
        case (.string, .string), (.int, .int), (.float, .float), (.bool, .bool), (.enumeration, .enumeration),
            (.object, .object):
            return value
        case (.float, .int(let number)): return .float(Double(number))
        // Variables have no enum literals: there an enum value is a string.
        case (.enumeration, .string(let name)): return .enumeration(name)
        case (.list(let inner), .list(let items)):
            var coerced: [GraphQLValue] = []
            for item in items {
                guard let value = coerce(item, inner) else { return nil }
                coerced.append(value)
            }
            return .list(coerced)
        case (.list(let inner), _): return coerce(value, inner).map { .list([$0]) }
        default: return nil
        }
    }

    private static func describe(_ type: GraphQLType) -> String {
        switch type {
        case .string: "a string"
        case .int: "an integer"
        case .float: "a number"
        case .bool: "a boolean"
        case .enumeration: "an enum value"
        case .object: "an object"
        case .list(let inner): "a list of \(describe(inner))"
        }
    }
}

enum Directives {
    /// `@include(if:)` and `@skip(if:)`; others are refused.
    static func includes(
        _ selection: Selection, _ variables: [String: GraphQLValue]
    ) throws(GraphQLFailure) -> Bool {
        for directive in selection.directives {
            guard directive.name == "include" || directive.name == "skip" else {
                throw .validation("Unknown directive \"@\(directive.name)\".", at: directive.location)
            }
            guard directive.arguments.count == 1, directive.arguments[0].name == "if",
                case .bool(let condition)? = directive.arguments[0].value.resolved(with: variables)
            else {
                throw .validation(
                    "Directive \"@\(directive.name)\" needs (if: Boolean).", at: directive.location)
            }
            if condition == (directive.name == "skip") { return false }
        }
        return true
    }
}

enum Projection {
    /// The part of a resolved value that a selection asks for.
    static func project(
        _ value: GraphQLValue, _ selection: Selection, _ variables: [String: GraphQLValue],
        _ budget: inout AnswerBudget
    ) throws(GraphQLFailure) -> GraphQLValue {
        try budget.take(value, named: selection.responseName)
        switch value {
        case .null: return .null
        case .list(let items):
            var projected: [GraphQLValue] = []
            for item in items { projected.append(try project(item, selection, variables, &budget)) }
            return .list(projected)
        case .object(let object):
            guard !selection.selections.isEmpty else {
                throw .validation(
                    "Field \"\(selection.name)\" of type \"\(object.typeName)\" needs a selection of subfields.",
                    at: selection.location)
            }
            return .object(try members(of: object, selection, variables, &budget))
        default:
            guard selection.selections.isEmpty else {
                throw .validation("Field \"\(selection.name)\" has no subfields.", at: selection.location)
            }
            return value
        }
    }

    private static func members(
        of object: GraphQLObject, _ selection: Selection, _ variables: [String: GraphQLValue],
        _ budget: inout AnswerBudget
    ) throws(GraphQLFailure) -> GraphQLObject {
        var members: [(String, GraphQLValue)] = []
        for inner in selection.selections {
            guard try Directives.includes(inner, variables) else { continue }
            if inner.name == "__typename" {
                let name = GraphQLValue.string(object.typeName)
                try budget.take(name, named: inner.responseName)
                members.append((inner.responseName, name))
                continue
            }
            guard
                let value = object[inner.name]
                    ?? object.alwaysIncluded.first(where: { $0.name == inner.name })?.value
            else {
                throw .validation(
                    "Cannot query field \"\(inner.name)\" on type \"\(object.typeName)\".", at: inner.location
                )
            }
            guard inner.arguments.isEmpty else {
                throw .validation("Field \"\(inner.name)\" takes no arguments.", at: inner.location)
            }
            members.append((inner.responseName, try project(value, inner, variables, &budget)))
        }
        for extra in object.alwaysIncluded where !members.contains(where: { $0.0 == extra.name }) {
            members.append((extra.name, extra.value))
        }
        return GraphQLObject(members, typeName: object.typeName)
    }
}
