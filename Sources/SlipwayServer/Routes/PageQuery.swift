// Limits and cursors of lists that come page by page.

enum PageQuery {
    static let badCursor = Refusal.validation("cursor: this is not a cursor of an earlier answer.")

    /// - Throws: `Refusal.validation`.
    static func limit(_ value: String, most: Int) throws -> Int {
        guard let number = Int(value), (1...most).contains(number) else {
            throw Refusal.validation("limit must be from 1 to \(most), not \(value).")
        }
        return number
    }
}
