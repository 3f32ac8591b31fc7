// Commands that carry an `Idempotency-Key`: the second call with the same key does nothing and answers with what the
// first one made. The key is stored in the transaction of the command, so that no crash can come between.

import SlipwayCore
import SlipwayStore

public enum IdempotencyKey {
    /// How long a key is remembered.
    public static let lifetime: Duration = .seconds(24 * 3600)
    public static let longest = 255

    /// What is wrong with a key, in words; nil for a good one.
    public static func problem(in key: String) -> String? {
        key.utf8.allSatisfy { (0x21...0x7e).contains($0) } && (1...longest).contains(key.utf8.count)
            ? nil : "Idempotency-Key must be 1 to \(longest) printable ASCII characters without spaces."
    }
}

extension StoreReader {
    /// Whether the caller's key is known. `alreadyMade` tells what it stands for.
    func hasMade(by caller: Caller) throws -> Bool {
        guard let key = caller.idempotencyKey else { return false }
        return try idempotentCall(key: key, of: caller.keyPrefix) != nil
    }
}

extension StoreWriter {
    /// What an earlier call with the caller's key made; nil when this is the first one, or has no key.
    /// - Parameter operation: everything the call asks for, so that a key cannot stand for two things.
    /// - Throws: `ControlError.conflict` when the key was used for something else.
    func alreadyMade(_ operation: CanonicalCall, by caller: Caller) throws -> String? {
        guard let key = caller.idempotencyKey,
            let known = try idempotentCall(key: key, of: caller.keyPrefix)
        else { return nil }
        guard operation.matches(known.operation) else {
            throw ControlError.conflict("The Idempotency-Key \(key) was used for another call.")
        }
        return known.subject
    }

    func remember(_ operation: CanonicalCall, made subject: String, by caller: Caller, at now: Timestamp)
        throws
    {
        guard let key = caller.idempotencyKey else { return }
        try forgetIdempotentCalls(before: now + (.zero - IdempotencyKey.lifetime))
        try insert(
            IdempotentCall(
                keyPrefix: caller.keyPrefix, key: key, operation: operation.text, subject: subject,
                createdAt: now)
        )
    }
}
