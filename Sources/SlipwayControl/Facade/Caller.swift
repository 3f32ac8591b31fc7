// Who makes a call: the key's grant and the user behind it.

import SlipwayCore

public struct Caller: Sendable {
    public var grant: APIKeyGrant
    public var user: User
    public var keyPrefix: String
    /// The team new objects belong to when the call names none.
    public var teamID: TeamID

    /// - Throws: `ControlError.forbidden` when the key does not carry `right`.
    public func require(_ right: Right) throws(ControlError) {
        guard grant.allows(right) else {
            throw .forbidden("The API key \(keyPrefix) (\(grant.category.rawValue)) does not allow this.")
        }
    }
}
