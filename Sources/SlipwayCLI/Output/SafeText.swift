// Text of others made safe for a terminal: a name or a log line must not move the cursor, change colours or reverse text.

extension String {
    /// Control characters and what reorders text, written out. Tabs and line ends stay when `lines` is true.
    func printable(lines: Bool = false) -> String {
        replacingHarmful(but: lines ? ["\n", "\t"] : []) { "\\u{\(String($0.value, radix: 16))}" }
    }

    /// The same with each such character written in another way.
    func replacingHarmful(
        but kept: [Unicode.Scalar], with written: (Unicode.Scalar) -> String
    ) -> String {
        guard unicodeScalars.contains(where: \.isHarmful) else { return self }
        var safe = ""
        for scalar in unicodeScalars {
            if !scalar.isHarmful || kept.contains(scalar) {
                safe.unicodeScalars.append(scalar)
            } else {
                safe += written(scalar)
            }
        }
        return safe
    }

    /// Columns of a terminal.
    var columns: Int { unicodeScalars.reduce(0) { $0 + $1.columns } }

    /// Cut to a number of columns, with `…` where something is missing.
    func truncated(to width: Int) -> String {
        guard columns > width else { return self }
        var (kept, used) = (String.UnicodeScalarView(), 1)
        for scalar in unicodeScalars {
            used += scalar.columns
            if used > width { break }
            kept.append(scalar)
        }
        return width > 0 ? String(kept) + "…" : ""
    }
}

extension Unicode.Scalar {
    /// Letters, digits and signs of ASCII: nearly everything there is.
    private var isPlain: Bool { value >= 0x20 && value < 0x7F }

    fileprivate var isHarmful: Bool {
        if isPlain { return false }
        return switch properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .surrogate: true
        // Among them are the bidirectional overrides; joiners (U+200C, U+200D) belong to words and emoji.
        case .format: value != 0x200C && value != 0x200D
        default: false
        }
    }

    /// Two for East Asian wide characters and most emoji, none for marks that combine.
    fileprivate var columns: Int {
        if isPlain { return 1 }
        switch properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control: return 0
        default: break
        }
        switch value {
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
            0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F9FF, 0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }
}
