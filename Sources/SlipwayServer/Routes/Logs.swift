// Log lines of deployments and environments, asked for by query parameters or (older clients) by a body.

import Foundation
import Hummingbird
import SlipwayAPI
import SlipwayCore
import SlipwayLogs

enum LogRoutes {
    static func collection(_ services: Services) -> RouteCollection<ServerContext> {
        let control = services.control
        let routes = RouteCollection(context: ServerContext.self)
        let deployment: RouterPath = "/v1/models/{model_id}/deployments/{deployment_id}/logs"
        routes.operation(.get, deployment) { call in
            let query = try LogQuery(call.logQuery, now: control.date)
            return GetLogsResponseV1(
                try await control.logs(of: call.deploymentID, model: call.modelID, query))
        }
        routes.operation(.post, deployment) { call in
            let query = try LogQuery(await call.body(), now: control.date)
            return GetLogsResponseV1(
                try await control.logs(of: call.deploymentID, model: call.modelID, query))
        }
        routes.operation(.get, "/v1/models/{model_id}/environments/{env_name}/logs") { call in
            let query = try LogQuery(call.logQuery, now: control.date)
            return GetLogsResponseV1(
                try await control.environmentLogs(call.environment, of: call.modelID, query))
        }
        return routes
    }
}

extension Call {
    /// The query parameters as the document the POST form has for a body.
    fileprivate var logQuery: GetDeploymentLogsRequestV1 {
        get throws { try GetDeploymentLogsRequestV1(query: query) }
    }
}

extension LogQuery {
    /// Milliseconds of log before the end of the window when the client names no start.
    static let defaultWindow: Int64 = 30 * 60 * 1000

    /// - Throws: `Refusal.validation` naming the parameter.
    init(_ request: GetDeploymentLogsRequestV1, now: Date) throws {
        let after = try request.cursor.flatMap { $0.isEmpty ? nil : $0 }.map { text in
            guard let position = LogPosition(text) else {
                throw Refusal.validation("cursor: it is not the next_cursor of an answer.")
            }
            return position
        }
        let window = try Self.window(request, after, now: now)
        if let component = request.component, !component.isEmpty {
            throw Refusal.validation("component: log lines of this version of Slipway name no component.")
        }
        self.init(
            start: window.lowerBound * 1_000_000, end: window.upperBound * 1_000_000,
            direction: request.direction == .asc ? .asc : .desc, limit: request.limit,
            minLevel: request.minLevel.map(LogLevel.init),
            replica: request.replica.flatMap { $0.isEmpty ? nil : ReplicaID($0) },
            requestID: request.requestID.flatMap { $0.isEmpty ? nil : $0 },
            searchPattern: request.searchPattern.flatMap { $0.isEmpty ? nil : $0 },
            includes: request.includes, excludes: request.excludes, after: after)
    }

    /// Without a window of its own, what follows a cursor is all that follows it.
    private static func window(
        _ request: GetDeploymentLogsRequestV1, _ after: LogPosition?, now: Date
    ) throws -> Range<Int64> {
        if after != nil, request.startEpochMillis == nil, request.endEpochMillis == nil {
            return 0..<EpochMillis.of(now) + 1
        }
        return try EpochMillis.window(
            start: request.startEpochMillis, end: request.endEpochMillis, usual: defaultWindow, now: now)
    }
}

extension LogLevel {
    fileprivate init(_ level: LogLevelV1) {
        self =
            switch level {
            case .debug: .debug
            case .info: .info
            case .warning: .warning
            case .error: .error
            }
    }
}

extension GetLogsResponseV1 {
    fileprivate init(_ page: LogPage) {
        self.init(
            logs: page.entries.map { entry in
                LogV1(
                    timestamp: String(entry.nanoseconds), message: entry.message,
                    replica: entry.replica?.text, requestID: entry.requestID,
                    level: entry.level.map(LogLevelV1.init))
            }, nextCursor: page.end?.text)
    }
}

extension LogLevelV1 {
    /// The contract has no level above ERROR.
    fileprivate init(_ level: LogLevel) {
        self =
            switch level {
            case .debug: .debug
            case .info: .info
            case .warning: .warning
            case .error, .critical: .error
            }
    }
}
