// What a parsed document consists of.

struct Operation: Sendable {
    enum Kind: String, Sendable { case query, mutation }

    var kind: Kind
    var name: String?
    var variables: [VariableDefinition]
    var selections: [Selection]
    var location: GraphQLLocation
}

struct VariableDefinition: Sendable {
    var name: String
    var type: TypeReference
    var defaultValue: GraphQLValue?
    var location: GraphQLLocation
}

indirect enum TypeReference: Sendable, Equatable {
    case named(String)
    case list(TypeReference)
    case required(TypeReference)
}

struct Selection: Sendable {
    var name: String
    /// The answer's name: the alias, else the name.
    var responseName: String
    var arguments: [Argument]
    var directives: [Directive]
    var selections: [Selection]
    var location: GraphQLLocation
}

struct Argument: Sendable {
    var name: String
    var value: Input
    var location: GraphQLLocation
}

struct Directive: Sendable {
    var name: String
    var arguments: [Argument]
    var location: GraphQLLocation
}

/// A value as written, with variables still in it.
indirect enum Input: Sendable {
    case constant(GraphQLValue)
    case variable(String)
    case list([Input])
    case object([(String, Input)])
}
