// One line at the bottom of a terminal that changes in place; nothing where there is no terminal.

import Foundation
import Synchronization

/// Shows how far something is, on standard error.
final class ProgressLine: Sendable {
    private let isOn: Bool
    private let width: Int
    private let shown = Mutex<String>("")

    init(_ terminal: Terminal = .current) {
        isOn = terminal.errorIsTerminal
        width = terminal.width ?? 80
    }

    func show(_ text: String) {
        guard isOn else { return }
        let line = text.printable().truncated(to: width - 1)
        shown.withLock { shown in
            guard shown != line else { return }
            shown = line
            write("\r\u{1B}[K" + line)
        }
    }

    func clear() {
        guard isOn else { return }
        shown.withLock { shown in
            guard !shown.isEmpty else { return }
            shown = ""
            write("\r\u{1B}[K")
        }
    }

    /// `[#######---]  70 % of 1.5 MiB`
    static func bar(_ done: Int64, of total: Int64, width: Int = 30) -> String {
        let share = total > 0 ? min(1, max(0, Double(done) / Double(total))) : 1
        let filled = Int(share * Double(width))
        let marks = String(repeating: "#", count: filled) + String(repeating: "-", count: width - filled)
        return "[\(marks)] \(Int(share * 100)) %"
    }

    private func write(_ text: String) { StandardStream.error.write(Array(text.utf8)) }
}
