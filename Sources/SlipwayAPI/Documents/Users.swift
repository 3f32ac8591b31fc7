// Documents about users: /v1/users, /v1/users/me and /v1/users/{user_id}.

/// A person with access.
public struct UserInfoV1: Codable, Sendable, Equatable {
    /// Identifier of the user.
    public var userID: String
    /// Mail address, if known.
    @Nullable public var email: String?
    /// Full name, if known.
    @Nullable public var name: String?
    /// Name of the organization.
    @Nullable public var workspaceName: String?

    public init(userID: String, email: String? = nil, name: String? = nil, workspaceName: String? = nil) {
        self.userID = userID
        self.email = email
        self.name = name
        self.workspaceName = workspaceName
    }

    enum CodingKeys: String, CodingKey {
        case email, name
        case userID = "user_id"
        case workspaceName = "workspace_name"
    }
}

/// Where a page ends.
public struct PaginationResponseV1: Codable, Sendable, Equatable {
    /// Whether another page follows.
    public var hasMore: Bool
    /// What to send to get it.
    @Nullable public var cursor: String?

    public init(hasMore: Bool, cursor: String? = nil) {
        self.hasMore = hasMore
        self.cursor = cursor
    }

    enum CodingKeys: String, CodingKey {
        case cursor
        case hasMore = "has_more"
    }
}

/// A page of users.
public struct UsersResponseV1: Codable, Sendable, Equatable {
    /// The users of this page.
    public var items: [UserInfoV1]
    /// Where the page ends.
    public var pagination: PaginationResponseV1

    public init(items: [UserInfoV1], pagination: PaginationResponseV1) {
        self.items = items
        self.pagination = pagination
    }

    enum CodingKeys: String, CodingKey {
        case items, pagination
    }
}

/// What a person may do.
public enum UserRoleV1: String, Codable, Sendable, CaseIterable {
    /// Also restrict environments, manage restricted ones, add people and delete others' keys.
    case admin = "ADMIN"
    case member = "MEMBER"
}

/// The person to add.
public struct CreateUserRequestV1: WireRequest {
    /// Mail address, unlike that of any other.
    public var email: String
    /// Full name.
    public var name: String?
    /// What they may do.
    public var role: UserRoleV1

    public init(email: String, name: String? = nil, role: UserRoleV1 = .member) {
        self.email = email
        self.name = name
        self.role = role
    }

    public init(reading members: MemberReader) throws(BadRequest) {
        email = try members.string("email", length: 1...254)
        name = try members.optionalString("name", length: 0...255)
        role = try members.optionalChoice("role", as: UserRoleV1.self) ?? .member
    }
}

/// A new person, and their key.
public struct CreatedUserV1: Codable, Sendable, Equatable {
    /// The person.
    public var user: UserInfoV1
    /// The whole text of their key; it cannot be read again.
    public var apiKey: String

    public init(user: UserInfoV1, apiKey: String) {
        self.user = user
        self.apiKey = apiKey
    }

    enum CodingKeys: String, CodingKey {
        case user
        case apiKey = "api_key"
    }
}
