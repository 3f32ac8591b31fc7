// Who calls, and the organization, users and teams there are.

import SlipwayCore
import SlipwayStore

extension ControlPlane {
    /// - Parameter authorization: the header's value, `Api-Key …` or `Bearer …`.
    /// - Throws: `ControlError.unauthorized`.
    public func authenticate(authorization: String?) async throws -> Caller {
        guard let key = authorization.flatMap(KeyText.key(inAuthorization:)) else {
            throw ControlError.unauthorized
        }
        let digest = KeyText.digest(of: key)
        return try await cache.answer(.caller(digest)) { db in
            guard let record = try db.apiKey(digest: KeyText.hex(digest)),
                let user = try db.user(record.ownerID),
                let team = try record.teamID ?? db.defaultTeam()?.id
            else { throw ControlError.unauthorized }
            return Caller(
                grant: record.grant, user: user, keyPrefix: record.prefix, keyName: record.name, teamID: team)
        }
    }

    public var organization: (id: String, name: String) {
        get async throws {
            guard let found = try await store.read({ try $0.organization() }) else {
                throw ControlError.notFound("There is no organization yet.")
            }
            return found
        }
    }

    public func users() async throws -> [User] { try await store.read { try $0.users() } }

    public func user(_ id: UserID) async throws -> User {
        guard let user = try await store.read({ try $0.user(id) }) else {
            throw ControlError.notFound("There is no user \(id).")
        }
        return user
    }

    public func teams() async throws -> [Team] { try await store.read { try $0.teams() } }

    public func team(_ id: TeamID) async throws -> Team { try await store.read { try $0.existing(id) } }
}

extension StoreReader {
    func existing(_ id: TeamID) throws -> Team {
        guard let team = try team(id) else { throw ControlError.notFound("There is no team \(id).") }
        return team
    }

    /// The team of that id, or the default one.
    func teamOrDefault(_ id: TeamID?) throws -> Team {
        if let id { return try existing(id) }
        guard let team = try defaultTeam() else { throw ControlError.notFound("There is no default team.") }
        return team
    }

    func existing(_ id: ModelID) throws -> Model {
        guard let model = try model(id) else { throw ControlError.notFound("There is no model \(id).") }
        return model
    }

    func existing(_ name: String, of model: ModelID) throws -> Environment {
        guard let environment = try environment(name, of: model) else {
            throw ControlError.notFound("Model \(model) has no environment \(name).")
        }
        return environment
    }

    /// The deployment a path names.
    func existing(_ selector: DeploymentSelector, of id: ModelID) throws -> Deployment {
        let model = try existing(id)
        switch selector {
        case .id(let id):
            guard let deployment = try deployment(id), deployment.modelID == model.id else {
                throw ControlError.notFound("Model \(model.id) has no deployment \(id).")
            }
            return deployment
        case .development:
            guard let deployment = try developmentDeployment(of: model.id) else {
                throw ControlError.notFound("Model \(model.id) has no development deployment.")
            }
            return deployment
        case .production:
            guard let current = try environment(Environment.production, of: id)?.currentDeploymentID,
                let deployment = try deployment(current)
            else { throw ControlError.notFound("Model \(model.id) has no production deployment.") }
            return deployment
        }
    }
}
