// Who makes a call: the key's grant and the user behind it.

import SlipwayCore

public struct Caller: Sendable {
    public var grant: APIKeyGrant
    public var user: User
    public var keyPrefix: String
    public var keyName: String?
    /// Names this call, so that it is carried out once.
    public var idempotencyKey: String?
    /// The program that calls, if it says so.
    public var client: ClientProgram?
    /// The team new objects belong to when the call names none.
    public var teamID: TeamID

    /// - Throws: `ControlError.forbidden` when the row of an operation leaves the key or its user out.
    public func require(_ rule: AccessRule) throws(ControlError) {
        if rule.role == .admin, user.role != .admin { throw .forbidden("Only admins may do this.") }
        guard rule.admits(grant.category, user.role) else { throw refusal }
    }

    /// - Throws: `ControlError.forbidden` when the key does not carry `right`.
    public func require(_ right: Right) throws(ControlError) {
        guard grant.allows(right) else { throw refusal }
    }

    private var refusal: ControlError {
        .forbidden("The API key \(keyPrefix) (\(grant.category.rawValue)) does not allow this.")
    }
}

/// The first product of a `User-Agent` header.
public struct ClientProgram: Sendable, Equatable {
    public var name: String
    public var version: String?

    /// Nil for a header that names none.
    public init?(userAgent: String) {
        guard let product = userAgent.split(separator: " ").first else { return nil }
        let parts = product.prefix(200).split(separator: "/", maxSplits: 1)
        guard let name = parts.first else { return nil }
        self.name = String(name)
        version = parts.count > 1 ? String(parts[1]) : nil
    }
}
