// Documents about users: GET /v1/users, /v1/users/me and /v1/users/{user_id}.

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
