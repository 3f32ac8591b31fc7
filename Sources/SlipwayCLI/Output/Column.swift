// A column of a listing: which member of an entry it shows and how.

import SlipwayAPI

struct Column: Sendable {
    let title: String
    let cell: @Sendable (JSONValue) -> Table.Cell

    /// A member, by its path.
    init(_ title: String, _ path: String) {
        self.title = title
        cell = { Table.Cell($0[path: path]?.text ?? "-") }
    }

    init(_ title: String, cell: @escaping @Sendable (JSONValue) -> Table.Cell) {
        self.title = title
        self.cell = cell
    }

    /// A moment, to the second.
    static func date(_ title: String, _ path: String) -> Column {
        Column(title) { Table.Cell($0[path: path]?.string.map(seconds) ?? "-") }
    }

    /// A status, coloured by what it means.
    static func status(_ title: String, _ path: String) -> Column {
        Column(title) { entry in
            let status = entry[path: path]?.text ?? "-"
            return Table.Cell(status, StatusColour.of(status))
        }
    }

    /// `2026-01-02T03:04:05.678901Z` without its fraction.
    private static func seconds(_ date: String) -> String {
        guard let dot = date.firstIndex(of: "."), date.hasSuffix("Z") else { return date }
        return date[..<dot] + "Z"
    }
}

enum StatusColour {
    static func of(_ status: String) -> Colour? {
        switch status {
        case "ACTIVE", "SUCCEEDED": .green
        case "FAILED", "BUILD_FAILED", "DEPLOY_FAILED", "UNHEALTHY", "BUILD_STOPPED": .red
        case "INACTIVE", "SCALED_TO_ZERO", "CANCELED", "-": .dim
        default: .yellow
        }
    }
}
