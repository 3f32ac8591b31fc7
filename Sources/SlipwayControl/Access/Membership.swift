// Adding people: done on the machine of the server, where the data directory is.

import SlipwayCore
import SlipwayStore

public enum Membership {
    /// Adds a user with a personal key, in one transaction.
    /// - Returns: the key's text, shown once.
    /// - Throws: `ControlError.validation` for an address that is none or is taken.
    public static func add(
        email: String, name: String, role: UserRole, to store: Store, now: Timestamp
    ) async throws -> String {
        let parts = email.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }), email.utf8.count <= 254,
            email.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { throw ControlError.validation("\(email) is not a mail address.") }
        let key = KeyText.generate()
        try await store.write { db in
            guard try db.organization() != nil else {
                throw ControlError.validation("Nothing is set up there yet: start the server once.")
            }
            guard try !db.users().contains(where: { $0.email == email }) else {
                throw ControlError.validation("There is a user \(email) already.")
            }
            var random = Randomness()
            let user = User(
                id: .random(length: IdentifierLength.other, using: &random), name: name, email: email,
                role: role, createdAt: now)
            try db.insert(user)
            let record = APIKeyRecord(
                prefix: key.prefix, digest: KeyText.hex(KeyText.digest(of: key.text)), name: nil,
                grant: APIKeyGrant(category: .personal), ownerID: user.id, teamID: nil, createdAt: now)
            try db.insert(record)
            try db.record(.created(record), by: nil, at: now)
        }
        return key.text
    }
}
