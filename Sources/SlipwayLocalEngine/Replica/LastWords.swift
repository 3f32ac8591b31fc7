// Remembers what a replica said that best explains its end.

import SlipwayCore
import SlipwayLogs

struct LastWords: Sendable {
    private var error: String?
    private var last: String?

    /// Looks at one line of output.
    mutating func hear(_ line: ParsedLine) {
        guard let text = line.message.split(separator: "\n").last(where: { !$0.allSatisfy(\.isWhitespace) })
        else {
            return
        }
        let cut = String(text.prefix(500))
        if Self.namesError(cut) { error = cut }
        last = cut
    }

    /// Whether it is the last line of a traceback: its first word is the name of an error. Looked for byte by byte, as
    /// every line of every replica is.
    private static func namesError(_ line: String) -> Bool {
        let name = line.utf8.prefix { byte in
            byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")
                || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
        }
        if let next = line.utf8.dropFirst(name.count).first,
            next >= 0x80 || next >= UInt8(ascii: "0") && next <= UInt8(ascii: "9")
        {
            return false
        }
        return name.split(separator: UInt8(ascii: ".")).contains { part in
            Self.endings.contains { part.reversed().starts(with: $0) }
        }
    }

    /// Of the names of errors, last letter first.
    private static let endings = ["Error", "Exception", "Exit", "Interrupt"].map { Array($0.utf8.reversed()) }

    /// For the end with an exit code.
    func explanation(code: Int32) -> String {
        let how = code > 128 ? "ended by signal \(code - 128)" : "exited with code \(code)"
        return (error ?? last).map { "\($0) (\(how))" } ?? "The replica \(how) without a word."
    }
}
