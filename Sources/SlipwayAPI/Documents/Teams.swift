// Documents about teams: GET /v1/teams and /v1/teams/{team_id}.

/// A team: owner of models, secrets and keys.
public struct TeamV1: Codable, Sendable, Equatable {
    /// Identifier of the team.
    public var id: String
    /// What the team is called.
    public var name: String
    /// Whether objects land here when no team is named.
    public var `default`: Bool
    /// When the team was made.
    public var createdAt: WireDate

    public init(id: String, name: String, default: Bool, createdAt: WireDate) {
        self.id = id
        self.name = name
        self.default = `default`
        self.createdAt = createdAt
    }

    enum CodingKeys: String, CodingKey {
        case id, name, `default`
        case createdAt = "created_at"
    }
}

/// All teams of the organization.
public struct TeamsV1: Codable, Sendable, Equatable {
    /// The teams; the list is complete.
    public var teams: [TeamV1]

    public init(teams: [TeamV1]) {
        self.teams = teams
    }

    enum CodingKeys: String, CodingKey {
        case teams
    }
}
