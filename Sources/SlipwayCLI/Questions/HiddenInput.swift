// Reads a secret: from a terminal without showing it, else from standard input. Never from the arguments, which other users
// of the machine can list.

import Foundation

enum HiddenInput {
    private static let maxLength = 1 << 20

    /// - Parameter prompt: what is asked for, such as `API key: `.
    static func read(_ prompt: String) throws -> String {
        guard Terminal.current.inputIsTerminal else {
            let data = try InputData.read("@-")
            return try InputText.decode(data, "Standard input").trimmingCharacters(in: .newlines)
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
        StandardStream.error.write(Array(prompt.printable().utf8))
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &old)
            StandardStream.error.write([0x0A])
        }
        return try line()
    }

    private static func line() throws -> String {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while Glibc.read(STDIN_FILENO, &byte, 1) == 1 {
            switch byte {
            case 0x0A, 0x0D: return try text(bytes)
            case 0x03, 0x04: throw CommandFailure("Nothing was changed.")
            case 0x7F, 0x08: removeCharacter(&bytes)
            case 0x15: bytes = []
            default:
                guard bytes.count < maxLength else {
                    throw CommandFailure("That is too long. Nothing was changed.")
                }
                bytes.append(byte)
            }
        }
        return try text(bytes)
    }

    private static func text(_ bytes: [UInt8]) throws -> String {
        try InputText.decode(bytes, "What was typed")
    }

    /// All bytes of the last character.
    private static func removeCharacter(_ bytes: inout [UInt8]) {
        while let last = bytes.popLast(), last & 0xC0 == 0x80 {}
    }
}
