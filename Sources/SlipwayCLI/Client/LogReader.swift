// The log of a deployment, read on from a place.

import Foundation

/// Reads on by the server's cursor, so that no line is lost however many come at once.
struct LogReader {
    struct Line: Codable {
        /// Nanoseconds since 1970.
        var timestamp: String
        /// A model may write anything.
        var message: String
        var level: String?
        var replica: String?
    }

    private struct Page: Decodable {
        var logs: [Line]
        var nextCursor: String?

        enum CodingKeys: String, CodingKey {
            case logs
            case nextCursor = "next_cursor"
        }
    }

    private static let pageSize = 1000
    private let server: Remote
    private let path: String
    private let deployment: String
    private let filters: String
    private var cursor: String

    /// - Parameters:
    ///   - nanoseconds: since 1970; lines after that time are read.
    ///   - filters: `&name=value…` of the API's filters.
    init(
        server: Remote, model: String, deployment: String, after nanoseconds: Int64 = 0, filters: String = ""
    ) {
        self.server = server
        self.filters = filters
        self.deployment = deployment
        path = SlipwayCLI.path("v1", "models", model, "deployments", deployment, "logs")
        cursor = "\(nanoseconds).\(deployment)"
    }

    /// The newest lines, oldest first; what is read afterwards follows them.
    mutating func newest(_ limit: Int) async throws -> [Line] {
        // From the end of all time: without a cursor only the last half hour is looked at.
        let end = "\(Int64.max - 1).\(deployment)"
        let page = try await server.call(
            "GET", "\(path)?limit=\(limit)&cursor=\(end)\(filters)", as: Page.self)
        // An answer that goes backwards ends at its oldest line: what follows is after its first.
        if let last = page.logs.first { cursor = "\(last.timestamp).\(deployment)" }
        return page.logs.reversed()
    }

    /// The lines that follow, and whether there may be more at once.
    mutating func next() async throws -> (lines: [Line], more: Bool) {
        let page = try await server.call(
            "GET", "\(path)?direction=asc&limit=\(Self.pageSize)&cursor=\(cursor)\(filters)", as: Page.self)
        cursor = page.nextCursor ?? cursor
        return (page.logs, page.logs.count == Self.pageSize)
    }
}
