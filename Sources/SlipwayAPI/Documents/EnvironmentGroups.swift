// Documents about environment groups: all environments of one name in a team.

/// A user who may manage a restricted environment.
public struct EnvironmentGroupUserV1: Codable, Sendable, Equatable {
    public var userID: String
    @Nullable public var email: String?
    @Nullable public var name: String?

    public init(userID: String, email: String?, name: String?) {
        self.userID = userID
        self.email = email
        self.name = name
    }

    enum CodingKeys: String, CodingKey {
        case email, name
        case userID = "user_id"
    }
}

/// Who may manage the environments.
public struct EnvironmentGroupManageAccessV1: Codable, Sendable, Equatable {
    public var isRestricted: Bool
    /// Empty while it is not restricted.
    public var users: [EnvironmentGroupUserV1]

    public init(isRestricted: Bool, users: [EnvironmentGroupUserV1]) {
        self.isRestricted = isRestricted
        self.users = users
    }

    enum CodingKeys: String, CodingKey {
        case users
        case isRestricted = "is_restricted"
    }
}

public struct EnvironmentGroupV1: Codable, Sendable, Equatable {
    public var name: String
    public var teamID: String
    public var teamName: String
    public var manageAccess: EnvironmentGroupManageAccessV1

    public init(
        name: String, teamID: String, teamName: String, manageAccess: EnvironmentGroupManageAccessV1
    ) {
        self.name = name
        self.teamID = teamID
        self.teamName = teamName
        self.manageAccess = manageAccess
    }

    enum CodingKeys: String, CodingKey {
        case name
        case teamID = "team_id"
        case teamName = "team_name"
        case manageAccess = "manage_access"
    }
}

/// All of them: there is never a second page.
public struct EnvironmentGroupsV1: Codable, Sendable, Equatable {
    public var items: [EnvironmentGroupV1]
    public var pagination = PaginationResponseV1(hasMore: false)

    public init(items: [EnvironmentGroupV1]) { self.items = items }
}

/// Who shall manage the environments from now on.
public struct UpdateEnvironmentGroupManageAccessV1: WireRequest {
    public var isRestricted: Bool
    /// Replaces the list.
    public var userIDs: [String]

    public init(reading members: MemberReader) throws(BadRequest) {
        isRestricted = try members.boolean("is_restricted")
        userIDs = try members.optionalStrings("user_ids", atMost: 1000) ?? []
    }

    enum CodingKeys: String, CodingKey {
        case isRestricted = "is_restricted"
        case userIDs = "user_ids"
    }
}

/// A change of a group; absent or null leaves it as it is.
public struct UpdateEnvironmentGroupRequestV1: WireRequest {
    public var manageAccess: UpdateEnvironmentGroupManageAccessV1?

    public init(reading members: MemberReader) throws(BadRequest) {
        manageAccess = try members.optionalRequest(
            "manage_access", as: UpdateEnvironmentGroupManageAccessV1.self)
    }

    enum CodingKeys: String, CodingKey { case manageAccess = "manage_access" }
}
