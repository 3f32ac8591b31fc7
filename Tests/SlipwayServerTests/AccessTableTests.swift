// Every operation, called with every kind of key, answers as its row in the table of access says.

import SlipwayAPI
import SlipwayControl
import SlipwayCore
import Testing

@testable import SlipwayServer

@Suite("Who may do what")
struct AccessTableTests {
    /// A key to call with, and what it stands for.
    private struct Holder {
        var name: String
        var key: String?
        var category: APIKeyCategory?
        var role: UserRole
    }

    @Test("every operation of the contract lets in the keys its row names, and no other")
    func everyOperation() async throws {
        try await TestServer.run { server in
            let holders = try await holders(server)
            #expect(holders.count == 13)
            var called = 0
            for operation in ContractOperation.all + ContractOperation.extensions
            where operation.plane == .management {
                // Deleting what the test calls with comes in a test of its own.
                let path = Self.filled(operation.path)
                for holder in holders {
                    let reply = try await call(operation.method.rawValue, path, holder, server)
                    let what: Comment = "\(operation.method) \(path) with \(holder.name): \(reply.text)"
                    try expect(reply.status, operation, holder, what)
                    called += 1
                }
            }
            #expect(called > 1000)
        }
    }

    private func expect(
        _ status: Int, _ operation: ContractOperation, _ holder: Holder, _ what: Comment
    ) throws {
        guard let category = holder.category else {
            #expect(status == 401, what)
            return
        }
        guard operation.built else {
            #expect(status == 501, what)
            return
        }
        let rule = try #require(AccessTable.rule(operation.method.rawValue, operation.path), what)
        if rule.admits(category, holder.role) {
            #expect(![401, 403, 500].contains(status), what)
        } else {
            #expect(status == 403, what)
        }
    }

    @Test("what is no operation of the contract has a row too: metrics, GraphQL, asynchronous requests")
    func besidesTheContract() async throws {
        try await TestServer.run { server in
            let model = try await server.push("one").model.id
            for holder in try await holders(server, model: model) {
                let metrics = try await server.client.send(
                    "GET", "/metrics", host: "localhost", key: holder.key)
                let graph = try await server.client.send(
                    "POST", "/graphql/", host: "localhost", key: holder.key,
                    body: Array(#"{"query": "{ user { id } }"}"#.utf8))
                let queue = try await server.client.send(
                    "GET", "/model/\(model)/production/async_queue_status", key: holder.key)
                guard let category = holder.category else {
                    #expect([metrics.status, graph.status, queue.status] == [401, 401, 401])
                    continue
                }
                let manages = [.personal, .workspaceManageAll].contains(category)
                let what: Comment = "\(holder.name)"
                #expect(
                    metrics.status == (manages || category == .workspaceExportMetrics ? 200 : 403), what)
                #expect(graph.status == (manages ? 200 : 403), what)
                let invokes = manages || category == .workspaceInvoke && holder.name != "other model's"
                #expect(queue.status == (invokes ? 200 : 403), "\(holder.name) \(queue.text)")
            }
        }
    }

    /// By who calls and whose key of which category it is: may they delete it?
    @Test(
        "members delete their own keys and nobody else's; admins all; a key that manages keys no greater one")
    func deletingKeys() async throws {
        let great: [APIKeyCategory] = [.personal, .workspaceManageAll]
        for (caller, isAdmin) in [("admin", true), ("ada", false)] {
            for category in [APIKeyCategory.personal, .workspaceManageAll, .workspaceManageAPIKeys] {
                try await TestServer.run { server in
                    let people = try await people(server)
                    let mine = try await make(category, people[caller]!, server)
                    for owner in ["admin", "ada", "ben"] {
                        for other in APIKeyCategory.allCases {
                            let victim = try await make(other, people[owner]!, server)
                            let prefix = String(victim.prefix { $0 != "." })
                            let reply = try await server.call("DELETE", "/v1/api_keys/\(prefix)", key: mine)
                            let may =
                                (isAdmin || owner == caller)
                                && (category != .workspaceManageAPIKeys || !great.contains(other))
                            #expect(
                                reply.status == (may ? 200 : 403),
                                "\(caller)'s \(category) deletes \(owner)'s \(other): \(reply.text)")
                            let still = try await server.call("GET", "/v1/users/me", key: victim)
                            #expect(still.status == (may ? 401 : 200))
                        }
                    }
                    // The key of the first start, too.
                    let first = String(server.adminKey.prefix { $0 != "." })
                    if !isAdmin {
                        let reply = try await server.call("DELETE", "/v1/api_keys/\(first)", key: mine)
                        #expect(reply.status == 403)
                        #expect(try await server.call("GET", "/v1/models").status == 200)
                    }
                }
            }
        }
    }

    @Test("the last key an admin can manage with stays, so that nobody locks everybody out")
    func lastKey() async throws {
        try await TestServer.run { server in
            let first = "/v1/api_keys/\(server.adminKey.prefix { $0 != "." })"
            _ = try await make(.workspaceInvoke, server.adminKey, server)
            _ = try await people(server)
            #expect(try await server.call("DELETE", first).status == 400)
            let second = try await make(.workspaceManageAll, server.adminKey, server)
            #expect(try await server.call("DELETE", first).status == 200)
            let reply = try await server.call(
                "DELETE", "/v1/api_keys/\(second.prefix { $0 != "." })", key: second)
            #expect(reply.status == 400)
            #expect(try await server.call("GET", "/v1/models", key: second).status == 200)
        }
    }

    @Test("a route without a row ends the process before it serves")
    func routeWithoutARow() async {
        await #expect(processExitsWith: .failure) { _ = AccessTable.demand("GET", "/v1/forgotten") }
        #expect(AccessTable.demand("GET", "/v1/models").keys == .manage)
    }

    // MARK: People and keys

    /// No key, an unknown one, and one per category and role.
    private func holders(_ server: TestServer, model: String? = nil) async throws -> [Holder] {
        let people = try await people(server)
        var holders = [
            Holder(name: "no key", role: .member), Holder(name: "unknown", key: "no.key", role: .member),
        ]
        for (name, role) in [("admin", UserRole.admin), ("ada", .member)] {
            for category in APIKeyCategory.allCases {
                holders.append(
                    Holder(
                        name: "\(name)'s \(category)", key: try await make(category, people[name]!, server),
                        category: category, role: role))
            }
        }
        let other = try await server.push("other").model.id
        let limited = try await server.call(
            "POST", "/v1/api_keys", ["type": "WORKSPACE_INVOKE", "model_ids": [.string(other)]])
        holders.append(
            Holder(
                name: "other model's", key: try limited.document(APIKeyV1.self).apiKey,
                category: .workspaceInvoke, role: .admin))
        return holders
    }

    /// A personal key each.
    private func people(_ server: TestServer) async throws -> [String: String] {
        var keys = ["admin": server.adminKey]
        for name in ["ada", "ben"] {
            let reply = try await server.call("POST", "/v1/users", ["email": .string("\(name)@example.com")])
            keys[name] = try reply.document(CreatedUserV1.self).apiKey
        }
        return keys
    }

    private func make(_ category: APIKeyCategory, _ key: String, _ server: TestServer) async throws -> String
    {
        let reply = try await server.call(
            "POST", "/v1/api_keys", ["type": .string(category.rawValue)], key: key)
        return try reply.document(APIKeyV1.self).apiKey
    }

    private func call(
        _ method: String, _ path: String, _ holder: Holder, _ server: TestServer
    ) async throws -> Reply {
        try await server.client.send(
            method, path, key: holder.key, body: method == "GET" ? nil : Array("{}".utf8))
    }

    /// The path with ids that nothing has.
    private static func filled(_ path: String) -> String {
        path.split(separator: "/").map { $0.hasPrefix("{") ? "none" : String($0) }
            .reduce("") { "\($0)/\($1)" }
    }
}
