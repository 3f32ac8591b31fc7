// JSON and YAML for a terminal: what would control it is escaped, so that the document stays the same document.

import Foundation
import SlipwayAPI

enum DocumentText {
    /// A document as it may be written to standard output.
    static func shown(_ text: String, _ format: OutputFormat, on terminal: Terminal) -> String {
        terminal.outputIsTerminal ? escaped(text, format) : text
    }

    /// Such characters stand in quoted text only, where both languages know `\u`: neither writer leaves them bare.
    private static func escaped(_ text: String, _ format: OutputFormat) -> String {
        text.replacingHarmful(but: ["\n"]) { scalar in
            // YAML has no surrogate pairs.
            if format == .yaml, scalar.value > 0xFFFF { return "\\U" + hex(scalar.value, digits: 8) }
            return String(scalar).utf16.map { "\\u" + hex(UInt32($0), digits: 4) }.joined()
        }
    }

    private static func hex(_ value: UInt32, digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
