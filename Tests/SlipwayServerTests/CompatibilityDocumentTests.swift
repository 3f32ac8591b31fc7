// docs/compatibility.md is written from the tables the server works by. `SLIPWAY_WRITE_DOCS=1 swift test --filter
// CompatibilityDocument` writes it anew.

import Foundation
import SlipwayCore
import Testing

@testable import SlipwayAPI
@testable import SlipwayServer

@Suite("The document about compatibility")
struct CompatibilityDocumentTests {
    private static let file = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../docs/compatibility.md").standardizedFileURL

    @Test("says what the tables say")
    func isCurrent() throws {
        let text = Self.text
        if ProcessInfo.processInfo.environment["SLIPWAY_WRITE_DOCS"] != nil {
            try Data(text.utf8).write(to: Self.file)
        }
        let written = try String(contentsOf: Self.file, encoding: .utf8)
        #expect(
            written == text,
            "write it with SLIPWAY_WRITE_DOCS=1 swift test --filter CompatibilityDocument")
    }

    @Test("has every operation of the contract once")
    func isComplete() {
        for operation in ContractOperation.all + ContractOperation.extensions {
            let cell = "`\(operation.method.rawValue) \(operation.path)`"
            #expect(Self.text.components(separatedBy: cell).count == 2, "\(cell)")
        }
    }

    // MARK: The text

    private static var text: String {
        let built = (ContractOperation.all + ContractOperation.extensions).filter(\.built)
        let missing = ContractOperation.all.filter { !$0.built }
        let bodies = Set(OperationParameters.all.compactMap(\.body)).subtracting(["EmptyRequest"]).sorted()
        return """
            # Compatibility

            Written from the tables the server works by (`Sources/SlipwayAPI/Contract`, `Sources/SlipwayAPI/OpenAPI`, `Sources/SlipwayCore/Access/AccessTable.swift`); a test fails when it is out of date and writes it anew with `SLIPWAY_WRITE_DOCS=1`.

            The public contract, in both of its editions, has \(ContractOperation.all.count) operations. \(ContractOperation.all.count - missing.count) are built, \(missing.count) answer 501 with `{"code":"NOT_IMPLEMENTED"}`. A query parameter or body member that is not named here is refused by name with 400.

            ## Management

            \(table(of: built.filter { $0.plane == .management }))

            ## Inference

            On the hosts of models, and below `/model/{model_id}` of the app host. `environments/development` is the development deployment; production routes reach it too until something was promoted. An environment without a deployment leads to its first one as soon as that can serve, and to a gated one after its gate. Queries and bodies of predictions belong to the model.

            \(table(of: built.filter { $0.plane == .inference }))

            ## Bodies

            \(bodies.map(section).joined(separator: "\n\n"))

            ## GraphQL

            What the official client asks for at `POST /graphql`. An argument that is not named here is refused.

            \(graphQL)

            ## Not built

            \(missing.map { "- `\($0.method.rawValue) \($0.path)`" }.joined(separator: "\n"))

            """
    }

    private static func table(of operations: [ContractOperation]) -> String {
        let extensions = Set(ContractOperation.extensions)
        let rows = operations.sorted { ($0.path, $0.method.rawValue) < ($1.path, $1.method.rawValue) }
            .map { operation in
                let row = OperationParameters.row(operation.method.rawValue, operation.path)
                let takes =
                    (row?.query ?? []).map { "`\($0.name)`\(note($0.treatment))" }
                    + (row?.headers ?? []).map { "header `\($0)`" }
                let body =
                    row?.body.map { $0 == "EmptyRequest" ? "" : "`\($0)`" }
                    ?? (row?.passesOn == true ? "the model's" : "")
                let who = AccessTable.rule(operation.method.rawValue, operation.path).map(access) ?? ""
                let own = extensions.contains(operation) ? "Slipway's own" : ""
                return
                    "| `\(operation.method.rawValue) \(operation.path)` | \(takes.joined(separator: ", ")) | \(body) | \([who, own].filter { !$0.isEmpty }.joined(separator: ", ")) |"
            }
        return (["| operation | parameters | body | notes |", "|---|---|---|---|"] + rows)
            .joined(separator: "\n")
    }

    private static var graphQL: String {
        let fields =
            TrussSchema.schema.queries.values.map { ("query", $0) }
            + TrussSchema.schema.mutations.values.map { ("mutation", $0) }
        let rows = fields.sorted { ($0.0, $0.1.name) < ($1.0, $1.1.name) }.map { kind, field in
            let arguments = field.arguments.map { argument in
                "`\(argument.name)`\(argument.withoutEffect.map { " (without effect: \($0))" } ?? "")"
            }
            return "| \(kind) `\(field.name)` | \(arguments.joined(separator: ", ")) |"
        }
        return (["| field | arguments |", "|---|---|"] + rows).joined(separator: "\n")
    }

    private static func access(_ rule: AccessRule) -> String {
        let keys =
            switch rule.keys {
            case .none: "no key"
            case .any: "any key"
            case .manage: ""
            case .manageAPIKeys: "also keys that manage keys"
            case .exportMetrics: "also keys that export metrics"
            case .invoke: "keys that invoke"
            case .uploadGrant: "the grant of an upload"
            }
        return [keys, rule.role == .admin ? "admins" : ""].filter { !$0.isEmpty }.joined(separator: ", ")
    }

    private static func section(_ schema: String) -> String {
        let members = BodyMember.all(of: schema)
            .map { "`\($0.path)`\(note($0.treatment))" }
        return "`\(schema)`: \(members.joined(separator: ", "))."
    }

    private static func note(_ treatment: OperationParameters.Treatment) -> String {
        switch treatment {
        case .honoured: ""
        case .refused(let why): " (refused: \(why))"
        case .notBuilt: " (501)"
        case .withoutEffect(let why): " (without effect: \(why))"
        }
    }
}
