// Builds operations from tokens. The subset: queries and mutations with variables, arguments, aliases,
// directives and selections; fragments and subscriptions are told to be unsupported.

struct Parser {
    /// Selections or values nested deeper are refused: no client comes near.
    static let deepest = 32

    private var lexer: Lexer
    private var token: Token = .end
    private var location: GraphQLLocation { lexer.location }
    private var depth = 0
    private var tokens = 0
    private var fields = 0
    private let limits: GraphQLLimits

    static func operations(
        _ source: String, _ limits: GraphQLLimits = GraphQLLimits()
    ) throws(GraphQLFailure) -> [Operation] {
        var parser = Parser(lexer: try Lexer(source), limits)
        try parser.advance()
        var operations: [Operation] = []
        while parser.token != .end { operations.append(try parser.operation()) }
        guard !operations.isEmpty else {
            throw .syntax("the document has no operation", at: parser.location)
        }
        return operations
    }

    private init(lexer: Lexer, _ limits: GraphQLLimits) {
        self.lexer = lexer
        self.limits = limits
    }

    private mutating func advance() throws(GraphQLFailure) {
        token = try lexer.next()
        tokens += 1
        if tokens > limits.tokens {
            throw .syntax("the document has more than \(limits.tokens) tokens", at: location)
        }
    }

    private mutating func take(_ character: Character) throws(GraphQLFailure) -> Bool {
        guard token == .punctuator(character) else { return false }
        try advance()
        return true
    }

    private mutating func expect(_ character: Character) throws(GraphQLFailure) {
        guard try take(character) else { throw unexpected("\"\(character)\"") }
    }

    private mutating func name() throws(GraphQLFailure) -> String {
        guard case .name(let name) = token else { throw unexpected("a name") }
        try advance()
        return name
    }

    private func unexpected(_ wanted: String) -> GraphQLFailure {
        let found =
            switch token {
            case .punctuator(let character): "\"\(character)\""
            case .spread: "\"...\""
            case .name(let name): "\"\(name)\""
            case .int(let number): "\(number)"
            case .float(let number): "\(number)"
            case .string: "a string"
            case .end: "the end"
            }
        return .syntax("expected \(wanted), found \(found)", at: location)
    }

    private mutating func nested<Result>(
        _ body: (inout Parser) throws(GraphQLFailure) -> Result
    ) throws(GraphQLFailure) -> Result {
        depth += 1
        defer { depth -= 1 }
        if depth > Self.deepest { throw .syntax("nested deeper than \(Self.deepest) levels", at: location) }
        return try body(&self)
    }

    // MARK: Grammar

    private mutating func operation() throws(GraphQLFailure) -> Operation {
        let start = location
        if token == .punctuator("{") {
            return Operation(
                kind: .query, name: nil, variables: [], selections: try selectionSet(), location: start)
        }
        guard case .name(let keyword) = token else { throw unexpected("an operation") }
        guard let kind = Operation.Kind(rawValue: keyword) else {
            throw .syntax("\(keyword) is not supported here; only query and mutation are", at: start)
        }
        try advance()
        var operationName: String?
        if case .name = token { operationName = try name() }
        let variables = try variableDefinitions()
        _ = try directives()
        return Operation(
            kind: kind, name: operationName, variables: variables, selections: try selectionSet(),
            location: start)
    }

    private mutating func variableDefinitions() throws(GraphQLFailure) -> [VariableDefinition] {
        guard try take("(") else { return [] }
        var definitions: [VariableDefinition] = []
        repeat {
            let start = location
            try expect("$")
            let variable = try name()
            try expect(":")
            let type = try typeReference()
            var defaultValue: GraphQLValue?
            if try take("=") { defaultValue = try constant() }
            definitions.append(
                VariableDefinition(name: variable, type: type, defaultValue: defaultValue, location: start))
        } while try !take(")")
        return definitions
    }

    private mutating func typeReference() throws(GraphQLFailure) -> TypeReference {
        try nested { parser throws(GraphQLFailure) in
            var type: TypeReference
            if try parser.take("[") {
                type = .list(try parser.typeReference())
                try parser.expect("]")
            } else {
                type = .named(try parser.name())
            }
            if try parser.take("!") { type = .required(type) }
            return type
        }
    }

    private mutating func selectionSet() throws(GraphQLFailure) -> [Selection] {
        try nested { parser throws(GraphQLFailure) in
            try parser.expect("{")
            var selections: [Selection] = []
            repeat { selections.append(try parser.selection()) } while try !parser.take("}")
            return selections
        }
    }

    private mutating func selection() throws(GraphQLFailure) -> Selection {
        let start = location
        if token == .spread { throw .syntax("fragments are not supported", at: start) }
        fields += 1
        if fields > limits.fields {
            throw .syntax("the document asks for more than \(limits.fields) fields", at: start)
        }
        var field = try name()
        let responseName = field
        if try take(":") { field = try name() }
        let arguments = try arguments()
        let directives = try directives()
        let selections = token == .punctuator("{") ? try selectionSet() : []
        return Selection(
            name: field, responseName: responseName, arguments: arguments, directives: directives,
            selections: selections, location: start)
    }

    private mutating func arguments() throws(GraphQLFailure) -> [Argument] {
        guard try take("(") else { return [] }
        var arguments: [Argument] = []
        repeat {
            let start = location
            let argument = try name()
            try expect(":")
            arguments.append(Argument(name: argument, value: try value(), location: start))
        } while try !take(")")
        return arguments
    }

    private mutating func directives() throws(GraphQLFailure) -> [Directive] {
        var directives: [Directive] = []
        while token == .punctuator("@") {
            let start = location
            try advance()
            directives.append(Directive(name: try name(), arguments: try arguments(), location: start))
        }
        return directives
    }

    private mutating func value() throws(GraphQLFailure) -> Input {
        try nested { parser throws(GraphQLFailure) in
            let current = parser.token
            switch current {
            case .punctuator("$"):
                try parser.advance()
                return .variable(try parser.name())
            case .punctuator("["):
                try parser.advance()
                var items: [Input] = []
                while try !parser.take("]") { items.append(try parser.value()) }
                return .list(items)
            case .punctuator("{"):
                try parser.advance()
                var members: [(String, Input)] = []
                while try !parser.take("}") {
                    let key = try parser.name()
                    try parser.expect(":")
                    members.append((key, try parser.value()))
                }
                return .object(members)
            case .int(let number): return try parser.taken(.int(number))
            case .float(let number): return try parser.taken(.float(number))
            case .string(let text): return try parser.taken(.string(text))
            case .name("true"): return try parser.taken(.bool(true))
            case .name("false"): return try parser.taken(.bool(false))
            case .name("null"): return try parser.taken(.null)
            case .name(let name): return try parser.taken(.enumeration(name))
            default: throw parser.unexpected("a value")
            }
        }
    }

    private mutating func taken(_ value: GraphQLValue) throws(GraphQLFailure) -> Input {
        try advance()
        return .constant(value)
    }

    private mutating func constant() throws(GraphQLFailure) -> GraphQLValue {
        let start = location
        let input = try value()
        guard let constant = input.resolved(with: [:]) else {
            throw .syntax("a default value must not use variables", at: start)
        }
        return constant
    }
}

extension Input {
    /// The value with variables filled in; nil when one is missing.
    func resolved(with variables: [String: GraphQLValue]) -> GraphQLValue? {
        switch self {
        case .constant(let value): return value
        case .variable(let name): return variables[name]
        case .list(let items):
            var values: [GraphQLValue] = []
            for item in items {
                guard let value = item.resolved(with: variables) else { return nil }
                values.append(value)
            }
            return .list(values)
        case .object(let members):
            var values: [(String, GraphQLValue)] = []
            for (name, input) in members {
                guard let value = input.resolved(with: variables) else { return nil }
                values.append((name, value))
            }
            return .object(GraphQLObject(values))
        }
    }
}
