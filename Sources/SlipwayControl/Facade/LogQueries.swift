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
        } catch let error as LogQueryError {
            throw ControlError.validation("\(error)")
        }
    }

    /// The log of the environment's current deployment.
    public func environmentLogs(
        _ name: String, of model: ModelID, _ query: LogQuery
    ) async throws -> [LogEntry] {
        guard case .id(let id) = try await environmentDeployment(name, of: model) else { return [] }
        return try await logs(of: id, model: model, query)
    }
}
