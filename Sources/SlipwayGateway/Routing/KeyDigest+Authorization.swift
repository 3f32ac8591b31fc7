// Reads an Authorization header without keeping the key.

import Crypto

extension KeyDigest {
    /// `Api-Key <key>` or `Bearer <key>`, scheme in any case; nil for anything else.
    init?(authorization: String) {
        let parts = authorization.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, ["api-key", "bearer"].contains(parts[0].lowercased()) else { return nil }
        let key = parts[1].drop { $0 == " " }
        guard !key.isEmpty, !key.contains(" ") else { return nil }
        self.init(keyText: String(key))
    }

    /// The digest under which a key is found in the routing table.
    public init(keyText: String) {
        self.init(bytes: Array(SHA256.hash(data: Array(keyText.utf8))))
    }
}
