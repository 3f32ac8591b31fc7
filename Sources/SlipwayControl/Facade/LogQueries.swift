// Reading logs of deployments and environments.

import SlipwayCore
import SlipwayLogs
import SlipwayStore

extension ControlPlane {
    /// - Throws: `ControlError.notFound`, or `.validation` for a bad search pattern.
    public func logs(of id: DeploymentID, model: ModelID, _ query: LogQuery) async throws -> [LogEntry] {
        _ = try await store.read { try $0.existing(.id(id), of: model) }
        do {
            return try await logs.query(query, of: id)
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
    ) async throws -> [LogEntry] {
        let (_, spans) = try await store.read { db in
            _ = try db.existing(model)
            return try db.history(of: db.existing(name, of: model))
        }
        var entries: [LogEntry] = []
        for span in spans {
            var part = query
            if let start = span.start { part.start = max(query.start, start.microseconds * 1000) }
            if let end = span.end { part.end = min(query.end, end.microseconds * 1000) }
            guard part.start < part.end else { continue }
            // A deployment that was deleted has no log any more.
            guard try await store.read({ try $0.deployment(span.deploymentID) }) != nil else { continue }
            entries += try await logs(of: span.deploymentID, model: model, part)
        }
        entries.sort {
            query.direction == .asc ? $0.nanoseconds < $1.nanoseconds : $0.nanoseconds > $1.nanoseconds
        }
        return Array(entries.prefix(query.limit))
    }
}
