// Text from a file, standard input or a terminal. Bytes that are no text would be stored as other ones.

import Foundation

enum InputText {
    /// - Parameter name: what was read, for the error.
    /// - Throws: `CommandFailure` for bytes that are not UTF-8.
    static func decode(_ bytes: some Sequence<UInt8>, _ name: String) throws -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw CommandFailure("\(name) is not UTF-8 text. Nothing was changed.")
        }
        return text
    }
}
