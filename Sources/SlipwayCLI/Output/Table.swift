// Rows in aligned columns, no wider than the terminal.

/// A table for people; nothing in it can control the terminal.
struct Table {
    struct Cell: Equatable {
        var text: String
        var colour: Colour?

        init(_ text: String, _ colour: Colour? = nil) {
            self.text = text.printable()
            self.colour = colour
        }
    }

    var titles: [String]
    var rows: [[Cell]]

    /// Columns are not made narrower than this.
    private static let minWidth = 3
    private static let gap = "  "

    func lines(on terminal: Terminal) -> [String] {
        let widths = widths(within: terminal.width)
        let heading = titles.map { Cell($0, .bold) }
        return ([heading] + rows).map { row in
            let cells = zip(row, widths).enumerated().map { index, pair in
                Self.fit(pair.0, pair.1, isLast: index == widths.count - 1, terminal)
            }
            return cells.joined(separator: Self.gap)
        }
    }

    private static func fit(_ cell: Cell, _ width: Int, isLast: Bool, _ terminal: Terminal) -> String {
        let text = cell.text.truncated(to: width)
        // Blanks at the end of a line help no one.
        let padding = isLast ? "" : String(repeating: " ", count: max(0, width - text.columns))
        return (cell.colour?.paint(text, on: terminal) ?? text) + padding
    }

    /// What the cells need; the widest columns give way until the table fits.
    private func widths(within limit: Int?) -> [Int] {
        var widths = titles.indices.map { index in
            ([titles[index].columns] + rows.map { $0[index].text.columns }).max() ?? 0
        }
        guard let limit, !widths.isEmpty else { return widths }
        let available = limit - Self.gap.count * (widths.count - 1)
        while widths.reduce(0, +) > available {
            guard let widest = widths.indices.max(by: { widths[$0] < widths[$1] }),
                widths[widest] > Self.minWidth
            else { break }
            // Down to the next widest at a time: a line of a megabyte must not take a million rounds.
            let next = widths.indices.filter { $0 != widest }.map { widths[$0] }.max() ?? 0
            let excess = widths.reduce(0, +) - available
            widths[widest] = max(widths[widest] - excess, min(next, widths[widest] - 1), Self.minWidth)
        }
        return widths
    }
}
