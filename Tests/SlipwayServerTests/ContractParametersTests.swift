// The public contract's parameters, operation by operation: what the server says it takes, it takes; the rest it refuses
// by name. `contract.json` holds the facts of both editions: operations with the names of parameters and body members.

import Foundation
import Testing

@testable import SlipwayAPI
@testable import SlipwayServer

@Suite("Parameters of the contract")
struct ContractParametersTests {
    private struct Facts: Decodable {
        var query: [String]?
        var header: [String]?
        var body: [String]?
    }

    private static func facts() throws -> [String: Facts] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "contract.json")
        return try JSONDecoder().decode([String: Facts].self, from: Data(contentsOf: file))
    }

    @Test("every operation of the contract is in the table, and every parameter of a built one")
    func table() throws {
        let facts = try Self.facts()
        let operations = Set(ContractOperation.all.map { "\($0.method.rawValue) \($0.path)" })
        #expect(Set(facts.keys) == operations)
        var parameters = 0
        for operation in ContractOperation.all where operation.built {
            let name = "\(operation.method.rawValue) \(operation.path)"
            let wanted = try #require(facts[name])
            let row = try #require(OperationParameters.row(operation.method.rawValue, operation.path))
            let query = Set(row.query.map(\.name))
            #expect(Set(wanted.query ?? []).subtracting(query) == [], "\(name)")
            #expect(wanted.header == nil, "\(name)")
            let members = Set(row.body.map(BodyMember.all)?.map(\.path) ?? [])
            #expect(Set(wanted.body ?? []).subtracting(members) == [], "\(name)")
            parameters += (wanted.query ?? []).count + (wanted.body ?? []).count
        }
        #expect(parameters > 300)
        print("figure contract_operations \(facts.count) operations")
        print("figure contract_parameters \(parameters) parameters")
    }

    @Test(
        "every built operation refuses an unknown query parameter, a repeated one and an unknown member by name"
    )
    func unknown() async throws {
        try await TestServer.run { server in
            for row in OperationParameters.all where row.path.hasPrefix("/v1/") {
                let path = Self.filled(row.path)
                let what: Comment = "\(row.method) \(row.path)"
                let body: JSONValue? = row.body.map { Self.instance(of: Schema.ref($0).json) }
                let query = try await server.call(row.method.rawValue, "\(path)?zzz=1", body)
                #expect(query.status == 400 && query.text.contains("zzz"), "\(what): \(query.text)")
                if let parameter = row.query.first(where: { !$0.isList }) {
                    let twice = try await server.call(
                        row.method.rawValue, "\(path)?\(parameter.name)=1&\(parameter.name)=2", body)
                    #expect(twice.status == 400 && twice.text.contains(parameter.name), what)
                }
                // Refused for the unknown member only after every known one was read.
                var members: [String: JSONValue] = [:]
                if case .object(let known)? = body { members = known }
                members["zzz"] = true
                guard row.method != .get else { continue }
                let reply = try await server.call(row.method.rawValue, path, .object(members))
                #expect(
                    reply.status == 400 && reply.text.contains("unknown member \\\"zzz\\\""),
                    "\(what): \(reply.text)")
            }
        }
    }

    @Test("every query parameter of a built operation is known to the server")
    func known() async throws {
        try await TestServer.run { server in
            for row in OperationParameters.all where row.path.hasPrefix("/v1/") {
                for parameter in row.query {
                    let reply = try await server.call(
                        row.method.rawValue, "\(Self.filled(row.path))?\(parameter.name)=x",
                        row.body.map { Self.instance(of: Schema.ref($0).json) })
                    #expect(
                        !reply.text.contains("unknown to"), "\(row.path) \(parameter.name): \(reply.text)")
                }
            }
        }
    }

    @Test("Idempotency-Key is refused where a second call would be carried out again")
    func idempotencyKey() async throws {
        try await TestServer.run { server in
            for row in OperationParameters.all where row.path.hasPrefix("/v1/") && row.method != .get {
                guard row.headers.isEmpty else { continue }
                let reply = try await server.client.send(
                    row.method.rawValue, Self.filled(row.path), host: "api.localhost", key: server.adminKey,
                    headers: [("Idempotency-Key", "k")], body: Array("{}".utf8))
                #expect(
                    reply.status == 400 && reply.text.contains("Idempotency-Key"),
                    "\(row.method) \(row.path): \(reply.status) \(reply.text)")
            }
        }
    }

    @Test("a name that no model, team or user has is answered with none of them")
    func filters() async throws {
        try await TestServer.run { server in
            let made = try await server.push("one").model
            _ = try await server.push("two")
            let team = try #require(try await server.control.teams().first)
            let user = try #require(try await server.control.users().first)
            for (path, member, present, value) in [
                ("/v1/models?name=", "models", "one", made.id),
                ("/v1/teams/\(team.id)/models?name=", "models", "one", made.id),
                ("/v1/teams?name=", "teams", team.name, team.id.text),
                ("/v1/users?email=", "items", user.email, user.id.text),
                ("/v1/models/\(made.id)/deployments?name=", "deployments", "deployment-1", made.id),
            ] {
                func found(_ name: String) async throws -> [JSONValue] {
                    let encoded = name.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
                    let reply = try await server.call("GET", path + encoded)
                    let document: [String: JSONValue] = try reply.document()
                    guard case .array(let items)? = document[member] else { return [.null] }
                    return items
                }
                #expect(try await found("does-not-exist") == [], "\(path)")
                #expect(try await found("") == [], "\(path)")
                let one = try await found(present)
                #expect(one.count == 1 && "\(one)".contains(value), "\(path) \(one)")
            }
        }
    }

    @Test("a cursor that no answer gave is refused")
    func cursors() async throws {
        try await TestServer.run { server in
            for path in [
                "/v1/users?cursor=nothing", "/v1/audit_logs?cursor=nothing",
                "/v1/audit_logs?cursor=ZGVzYzotMQ==",
            ] {
                let reply = try await server.call("GET", path)
                #expect(reply.status == 400 && reply.text.contains("cursor"), "\(path) \(reply.text)")
            }
        }
    }

    // MARK: Values that a schema allows

    /// A value with every member the schema has.
    private static func instance(of schema: JSONValue) -> JSONValue {
        guard case .object(let keywords) = schema else { return .null }
        if let fixed = keywords["const"] { return fixed }
        if case .array(let choices)? = keywords["enum"] { return choices.first ?? .null }
        if case .string(let reference)? = keywords["$ref"] {
            let name = String(reference.split(separator: "/").last ?? "")
            return instance(of: OpenAPIDocument.schemas[name]?.json ?? .null)
        }
        for keyword in ["anyOf", "oneOf"] {
            if case .array(let choices)? = keywords[keyword], let last = choices.first {
                // Of the sources of a model, the archive has the most members.
                return instance(of: keyword == "oneOf" ? choices.last ?? last : last)
            }
        }
        switch keywords["type"] {
        case "string": return keywords["format"] == "date-time" ? "2026-01-01T00:00:00Z" : "x"
        case "integer", "number": return keywords["minimum"] ?? 1
        case "boolean": return true
        case "array": return .array([instance(of: keywords["items"] ?? .null)])
        case "object":
            guard case .object(let properties)? = keywords["properties"] else { return .object([:]) }
            return .object(properties.mapValues(instance))
        default: return .object([:])
        }
    }

    private static func filled(_ path: String) -> String {
        path.split(separator: "/").map { $0.hasPrefix("{") ? "none" : String($0) }
            .reduce("") { "\($0)/\($1)" }
    }
}
