// Reading logs of deployments and environments.

import SlipwayCore
import SlipwayLogs
import SlipwayStore

extension ControlPlane {
    /// - Throws: `ControlError.notFound`, or `.validation` for a bad search pattern.
    public func logs(of id: DeploymentID, model: ModelID, _ query: LogQuery) async throws -> LogPage {
        try require(query.after, of: [id])
        let lines = try await lines(of: id, model: model, query)
        return LogPage(entries: lines, end: lines.last.map { LogPosition($0.nanoseconds, id) } ?? query.after)
    }

    /// - Throws: `ControlError.validation` for a cursor of another log.
    private func require(_ after: LogPosition?, of deployments: [DeploymentID]) throws {
        if let after, !deployments.contains(after.deployment) {
            throw ControlError.validation("cursor: it is not of this log.")
        }
    }

    private func lines(of id: DeploymentID, model: ModelID, _ query: LogQuery) async throws -> [LogEntry] {
        _ = try await store.read { try $0.existing(.id(id), of: model) }
        var part = query
        let window = query.window(of: id)
        (part.start, part.end) = (window.lowerBound, window.upperBound)
        do {
            return try await logs.query(part, of: id)
        } catch LogQueryError.busy {
            throw ControlError.unavailable("\(LogQueryError.busy)")
        } catch let error as LogQueryError {
            throw ControlError.validation("\(error)")
        }
    }

    /// The lines of every deployment while the environment had it.
    /// - Throws: `ControlError.notFound`, or `.validation` for a bad search pattern.
    public func environmentLogs(
        _ name: String, of model: ModelID, _ query: LogQuery
    ) async throws -> LogPage {
        let (_, spans) = try await store.read { db in
            _ = try db.existing(model)
            return try db.history(of: db.existing(name, of: model))
        }
        try require(query.after, of: spans.map(\.deploymentID))
        var found: [(position: LogPosition, entry: LogEntry)] = []
        for span in spans {
            var part = query
            if let start = span.start { part.start = max(query.start, start.microseconds * 1000) }
            if let end = span.end { part.end = min(query.end, end.microseconds * 1000) }
            guard part.start < part.end else { continue }
            // A deployment that was deleted has no log any more.
            guard try await store.read({ try $0.deployment(span.deploymentID) }) != nil else { continue }
            found += try await lines(of: span.deploymentID, model: model, part).map {
                (LogPosition($0.nanoseconds, span.deploymentID), $0)
            }
        }
        found.sort {
            query.direction == .asc ? $0.position < $1.position : $1.position < $0.position
        }
        found.removeLast(max(0, found.count - query.limit))
        return LogPage(entries: found.map(\.entry), end: found.last?.position ?? query.after)
    }
}
