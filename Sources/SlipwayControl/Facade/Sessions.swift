// Sessions of browsers. A session stands for the API key it was made with: what it may do is asked of that key at each
// request, so it ends with the key. The key is kept sealed with the session's token, which only the browser has.

import Crypto
import Foundation
import SlipwayCore
import SlipwayStore

/// A browser that has signed in.
public struct Session: Sendable {
    public var caller: Caller
    /// The API key it was made with, for predictions as the signed-in person.
    public var key: String
    /// What forms carry, so that no other site can send them.
    public var formToken: String
}

extension ControlPlane {
    /// How long a session lasts without use, and at most.
    public static let sessionIdle: Duration = .seconds(8 * 3600)
    public static let sessionLifetime: Duration = .seconds(7 * 24 * 3600)
    /// How exactly the last use is known: a write per request would be too much.
    private static let sessionGrain: Duration = .seconds(300)

    /// Starts a session.
    /// - Returns: the token for the browser; it cannot be read again.
    /// - Throws: `ControlError.unauthorized` for a key that does not exist or may not manage.
    public func signIn(key: String) async throws -> String {
        let key = key.trimmingCharacters(in: .whitespacesAndNewlines)
        let caller = try await authenticate(authorization: "Api-Key \(key)")
        guard caller.grant.allows(.manage) else { throw ControlError.unauthorized }
        let token = SessionToken.generate()
        let session = StoredSession(
            digest: token.digest, sealedKey: try token.seal(key), createdAt: now)
        let (oldest, unused) = (now - Self.sessionLifetime, now - Self.sessionIdle)
        try await store.write { db in
            try db.deleteSessions(startedBefore: oldest, unusedSince: unused)
            try db.insert(session)
        }
        return token.text
    }

    /// The session of a token; nil when there is none, it has ended, or its key may not manage any more.
    public func session(token text: String) async throws -> Session? {
        guard let token = SessionToken(text) else { return nil }
        let digest = token.digest
        guard let stored = try await store.read({ try $0.session(digest: digest) }) else { return nil }
        let now = now
        guard now - stored.created_at < Self.sessionLifetime, now - stored.seen_at < Self.sessionIdle,
            let key = try? token.open(stored.sealed_key)
        else {
            try await signOut(token: text)
            return nil
        }
        do {
            var caller = try await authenticate(authorization: "Api-Key \(key)")
            guard caller.grant.allows(.manage) else { throw ControlError.unauthorized }
            caller.client = ClientProgram(userAgent: "slipway-dashboard")
            if now - stored.seen_at > Self.sessionGrain {
                try await store.write { try $0.touch(session: digest, at: now) }
            }
            return Session(caller: caller, key: key, formToken: token.formToken)
        } catch ControlError.unauthorized {
            try await signOut(token: text)
            return nil
        }
    }

    public func signOut(token text: String) async throws {
        guard let token = SessionToken(text) else { return }
        let digest = token.digest
        try await store.write { try $0.deleteSession(digest: digest) }
    }
}

extension Timestamp {
    fileprivate static func - (time: Self, duration: Duration) -> Self { time + (.zero - duration) }
}

/// 256 random bits that only the browser keeps.
struct SessionToken: Sendable {
    let text: String
    private let key: SymmetricKey

    static func generate() -> SessionToken {
        let key = SymmetricKey(size: .bits256)
        return SessionToken(text: KeyText.hex(key.withUnsafeBytes { Array($0) }), key: key)
    }

    private init(text: String, key: SymmetricKey) {
        self.text = text
        self.key = key
    }

    /// Nil for a text that no server made.
    init?(_ text: String) {
        guard text.utf8.count == 64, let bytes = KeyText.bytes(hex: text) else { return nil }
        self.init(text: text, key: SymmetricKey(data: bytes))
    }

    var digest: String { KeyText.hex(KeyText.digest(of: text)) }

    var formToken: String {
        KeyText.hex(HMAC<SHA256>.authenticationCode(for: Data("slipway form".utf8), using: key))
    }

    private var sealingKey: SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: key, info: Data("slipway session".utf8), outputByteCount: 32)
    }

    func seal(_ apiKey: String) throws -> Data {
        let box = try AES.GCM.seal(Data(apiKey.utf8), using: sealingKey)
        guard let combined = box.combined else {
            throw ControlError.unavailable("The session cannot be made.")
        }
        return combined
    }

    func open(_ sealed: Data) throws -> String {
        String(
            decoding: try AES.GCM.open(AES.GCM.SealedBox(combined: sealed), using: sealingKey), as: UTF8.self)
    }
}
