// Reads an Authorization header without keeping the key.

import Crypto

extension KeyDigest {
    /// `Api-Key <key>` or `Bearer <key>`, scheme in any case; nil for anything else.
    init?(authorization: UnsafeRawBufferPointer) {
        guard let space = authorization.firstIndex(of: 32) else { return nil }
        let scheme = authorization.part(0, space)
        guard scheme.equals("api-key") || scheme.equals("bearer") else { return nil }
        let key = authorization.part(space, authorization.count).trimmed
        guard !key.isEmpty, !key.contains(32) else { return nil }
        self.init(key: key)
    }

    /// The digest under which a key is found in the routing table.
    public init(keyText: String) {
        var text = keyText
        self = text.withUTF8 { KeyDigest(key: UnsafeRawBufferPointer($0)) }
    }

    private init(key: UnsafeRawBufferPointer) {
        var hash = SHA256()
        hash.update(bufferPointer: key)
        self = hash.finalize().withUnsafeBytes { KeyDigest(digest: $0) }
    }
}
