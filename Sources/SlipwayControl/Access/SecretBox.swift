// Seals secret values for the database; its key lives in a file of its own outside it.

import Crypto
import Foundation

/// AES-256-GCM with a key derived from the server's master key.
public struct SecretBox: Sendable {
    private let key: SymmetricKey

    /// - Parameter masterKey: 32 bytes of the server's key file.
    public init(masterKey: [UInt8]) {
        key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: masterKey), info: Data("slipway secrets".utf8),
            outputByteCount: 32)
    }

    /// - Parameter context: bound to the ciphertext, so that a row cannot stand in for another.
    func seal(_ value: String, context: String) throws -> Data {
        let box = try AES.GCM.seal(Data(value.utf8), using: key, authenticating: Data(context.utf8))
        guard let combined = box.combined else {
            throw ControlError.unavailable("The secret cannot be sealed.")
        }
        return combined
    }

    func open(_ sealed: Data, context: String) throws -> String {
        let plain = try AES.GCM.open(
            AES.GCM.SealedBox(combined: sealed), using: key, authenticating: Data(context.utf8))
        return String(decoding: plain, as: UTF8.self)
    }
}
