// Reads a secret: from a terminal without showing it, else from standard input. Never from the arguments, which other users
// of the machine can list.

import Foundation

enum HiddenInput {
    private static let maxLength = 1 << 20

    /// - Parameter prompt: what is asked for, such as `API key: `.
    static func read(_ prompt: String) throws -> String {
        guard Terminal.current.inputIsTerminal else {
            let data = try FileHandle.standardInput.readToEnd() ?? Data()
            return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .newlines)
        }
        return try fromTerminal(prompt)
    }

    private static func fromTerminal(_ prompt: String) throws -> String {
        var old = termios()
        guard tcgetattr(STDIN_FILENO, &old) == 0 else { throw CommandFailure("The terminal cannot be used.") }
        var hidden = old
        // Without signals: an interrupt would leave the terminal silent.
        hidden.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG)
        guard tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) == 0 else {
            throw CommandFailure("The terminal cannot be made silent.")
        }
        // Only now: who sees the prompt may type.
        FileHandle.standardError.write(Data(prompt.utf8))
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &old)
            FileHandle.standardError.write(Data("\n".utf8))
        }
        return try line()
    }

    private static func line() throws -> String {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while Glibc.read(STDIN_FILENO, &byte, 1) == 1 {
            switch byte {
            case 0x0A, 0x0D: return String(decoding: bytes, as: UTF8.self)
            case 0x03, 0x04: throw CommandFailure("Nothing was changed.")
            case 0x7F, 0x08: if !bytes.isEmpty { bytes.removeLast() }
            case 0x15: bytes = []
            default: if bytes.count < maxLength { bytes.append(byte) }
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
