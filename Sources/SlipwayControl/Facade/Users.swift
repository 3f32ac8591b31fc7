// Letting people in.

import SlipwayCore
import SlipwayStore

extension ControlPlane {
    /// Adds a person with a personal key, in one transaction. The key works when the call returns.
    /// - Returns: the person and the whole text of their key; it cannot be read again.
    /// - Throws: `ControlError.validation` for an address that is none or is taken.
    public func addUser(
        email: String, name: String, role: UserRole, by caller: Caller
    ) async throws -> (user: User, key: String) {
        let parts = email.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }), email.utf8.count <= 254,
            email.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else {
            throw ControlError.validation(
                "email: \(email.prefix(254).debugDescription) is not a mail address.")
        }
        guard name.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
            throw ControlError.validation("name: control characters are not allowed.")
        }
        let key = KeyText.generate()
        let now = now
        var random = Randomness()
        let user = User(
            id: .random(length: IdentifierLength.other, using: &random), name: name, email: email, role: role,
            createdAt: now)
        try await store.write { db in
            guard try !db.users().contains(where: { $0.email == email }) else {
                throw ControlError.validation("There is a user \(email) already.")
            }
            try db.insert(user)
            let record = APIKeyRecord(
                prefix: key.prefix, digest: KeyText.hex(KeyText.digest(of: key.text)), name: nil,
                grant: APIKeyGrant(category: .personal), ownerID: user.id, teamID: nil, createdAt: now)
            try db.insert(record)
            try db.record(.invited(user), by: caller, at: now)
            try db.record(.created(record), by: caller, at: now)
        }
        await controller.settle()
        return (user, key.text)
    }
}
