import Foundation
import SlipwayAPI
import Testing

@Suite("Logs")
struct LogTests {
    @Test("lines of a deployment and its environment are answered in the order asked for")
    func lines() async throws {
        try await TestServer.run { server in
            let made = try await server.push("echo")
            try await server.wait(for: .active, of: made.deployment)
            let base = "/v1/models/\(made.model.id)/deployments/\(made.deployment.id)/logs"
            let newest: GetLogsResponseV1 = try await server.poll(base) { !$0.logs.isEmpty }
            let times = try newest.logs.map { try #require(Int64($0.timestamp)) }
            #expect(times == times.sorted(by: >))
            let oldest: GetLogsResponseV1 = try await server.call("GET", base + "?direction=asc&limit=1")
                .document()
            #expect(oldest.logs.count == 1)
            #expect(oldest.logs.first?.timestamp == newest.logs.last?.timestamp)
            let posted: GetLogsResponseV1 = try await server.call(
                "POST", base, ["limit": 1, "includes": ["ACTIVE"]]
            ).document()
            #expect(posted.logs.allSatisfy { $0.message.contains("ACTIVE") })
            #expect(posted.logs.count == 1)
            let environment: GetLogsResponseV1 = try await server.poll(
                "/v1/models/\(made.model.id)/environments/production/logs?excludes=nothing&excludes=else"
            ) { !$0.logs.isEmpty }
            #expect(!environment.logs.isEmpty)
        }
    }

    @Test("bad parameters are refused by name, in the query and in the body")
    func badParameters() async throws {
        try await TestServer.run { server in
            let made = try await server.push("echo")
            let base = "/v1/models/\(made.model.id)/deployments/\(made.deployment.id)/logs"
            let week: Int64 = 7 * 24 * 3600 * 1000
            let long = String(repeating: "x", count: 257)
            let queries: [(String, String)] = [
                ("start_epoch_millis=x", "start_epoch_millis"), ("end_epoch_millis=1.5", "end_epoch_millis"),
                ("start_epoch_millis=-1&end_epoch_millis=5", "start_epoch_millis"),
                ("end_epoch_millis=9223372036854775807", "end_epoch_millis"),
                ("end_epoch_millis=99999999999999999999", "end_epoch_millis"),
                ("start_epoch_millis=10&end_epoch_millis=10", "start_epoch_millis"),
                ("start_epoch_millis=11&end_epoch_millis=10", "start_epoch_millis"),
                ("start_epoch_millis=1&end_epoch_millis=\(week + 2)", "7 days"),
                ("direction=up", "direction"), ("limit=0", "limit"), ("limit=1001", "limit"),
                ("limit=many", "limit"), ("min_level=LOUD", "min_level"), ("component=build", "component"),
                ("search_pattern=\(long)", "search_pattern"), ("search_pattern=(", "pattern"),
                ("replica=\(long)", "replica"), ("request_id=\(long)", "request_id"),
                ((1...9).map { "includes=\($0)" }.joined(separator: "&"), "includes"),
                ((1...9).map { "excludes=\($0)" }.joined(separator: "&"), "excludes"),
                ("limit=1&limit=2", "limit"), ("replica=%zz", "percent"),
            ]
            for (query, word) in queries {
                let reply = try await server.call("GET", "\(base)?\(query)")
                #expect(reply.status == 400, "\(query): \(reply.text)")
                let error: ErrorV1 = try reply.document()
                #expect(error.code == "VALIDATION_ERROR")
                #expect(error.message.contains(word), "\(query): \(error.message)")
            }
            let bodies: [(JSONValue, String)] = [
                (["limit": 0], "limit"), (["limit": "5"], "limit"), (["includes": "text"], "includes"),
                (["includes": [1]], "includes"), (["min_level": 3], "min_level"),
                (["start_epoch_millis": 5, "end_epoch_millis": 5], "start_epoch_millis"),
                ([], "object"),
            ]
            for (body, word) in bodies {
                let reply = try await server.call("POST", base, body)
                #expect(reply.status == 400, "\(body): \(reply.text)")
                #expect(try reply.document(ErrorV1.self).message.contains(word))
            }
            #expect(try await server.call("GET", "/v1/models/none/deployments/x/logs").status == 404)
        }
    }

    @Test("a window may span exactly seven days; outside it there is nothing")
    func windows() async throws {
        try await TestServer.run { server in
            let made = try await server.push("echo")
            try await server.wait(for: .active, of: made.deployment)
            let base = "/v1/models/\(made.model.id)/deployments/\(made.deployment.id)/logs"
            let end = Int64(Date().timeIntervalSince1970 * 1000) + 1000
            let week: GetLogsResponseV1 = try await server.call(
                "GET", "\(base)?start_epoch_millis=\(end - 7 * 24 * 3600 * 1000)&end_epoch_millis=\(end)"
            ).document()
            #expect(!week.logs.isEmpty)
            let past: GetLogsResponseV1 = try await server.call(
                "GET", "\(base)?start_epoch_millis=1000&end_epoch_millis=2000"
            ).document()
            #expect(past.logs.isEmpty)
        }
    }
}
