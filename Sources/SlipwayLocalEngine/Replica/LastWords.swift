// Remembers what a replica said that best explains its end.

import SlipwayCore
import SlipwayLogs

struct LastWords: Sendable {
    private var error: String?
    /// Lines since the error was named: one that was caught long ago explains nothing.
    private var linesSince = 0
    private var last: String?

    private static let linesRemembered = 100
    /// A server that shuts down after an error says no more than this.
    private static let linesOfAnEnd = 10

    /// Looks at one line of output.
    mutating func hear(_ line: ParsedLine) {
        guard let text = line.message.split(separator: "\n").last(where: { !$0.allSatisfy(\.isWhitespace) })
        else {
            return
        }
        let cut = String(text.prefix(500))
        linesSince += 1
        if linesSince > Self.linesRemembered { error = nil }
        if Self.namesError(cut) { (error, linesSince) = (cut, 0) }
        if !Self.isChatter(line.level, cut) { last = cut }
    }

    /// Whether it is told for information, as each answered request is: no reason to end.
    private static func isChatter(_ level: LogLevel?, _ line: String) -> Bool {
        if let level { return level < .warning }
        return line.utf8.starts(with: "INFO".utf8) || line.utf8.starts(with: "DEBUG".utf8)
            || line.contains(" HTTP/1.")
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
        if let error {
            // Further back, it may have been caught.
            return linesSince <= Self.linesOfAnEnd
                ? "\(error) (\(how))" : "The replica \(how). The last error it named: \(error)"
        }
        // What it said before somebody else ended it is not why.
        if code <= 128, let last { return "The replica \(how). Its last line: \(last)" }
        return "The replica \(how) without a word of an error."
    }
}
