// All environments of one name in a team, and who may change them (behaviour.md section 4).

public struct EnvironmentGroup: Sendable, Equatable {
    public var teamID: TeamID
    public var name: String
    /// Only admins and the named users may promote into such environments and change their settings; everybody may
    /// look and predict.
    public var isRestricted: Bool
    public var userIDs: [UserID]

    public init(teamID: TeamID, name: String, isRestricted: Bool = false, userIDs: [UserID] = []) {
        self.teamID = teamID
        self.name = name
        self.isRestricted = isRestricted
        self.userIDs = userIDs
    }

    public func canBeManaged(by user: User) -> Bool {
        !isRestricted || user.role == .admin || userIDs.contains(user.id)
    }
}
