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
        // The last line of a traceback: a word that ends in Error or Exception, at the start of the line.
        let isTracebackEnd = cut.prefixMatch(of: /[A-Za-z_.]*(Error|Exception|Exit|Interrupt)\b/) != nil
        if isTracebackEnd { error = cut }
        last = cut
    }

    /// For the end with an exit code.
    func explanation(code: Int32) -> String {
        let how = code > 128 ? "ended by signal \(code - 128)" : "exited with code \(code)"
        return (error ?? last).map { "\($0) (\(how))" } ?? "The replica \(how) without a word."
    }
}
