// Models by a part of their name, for pages that people turn.

import GRDB
import SlipwayCore

extension StoreReader {
    /// - Parameters:
    ///   - text: found anywhere in the name, in any case; empty for all models.
    ///   - offset: models that come before the page, by name.
    /// - Returns: the page, and how many models there are on all pages.
    public func models(
        matching text: String, offset: Int, limit: Int
    ) throws -> (models: [Model], total: Int) {
        let pattern =
            "%"
            + text.replacing("\\", with: "\\\\").replacing("%", with: "\\%").replacing("_", with: "\\_") + "%"
        let total =
            try Int.fetchOne(
                db, sql: "SELECT count(*) FROM models WHERE name LIKE ? ESCAPE '\\'", arguments: [pattern])
            ?? 0
        let ids = try String.fetchAll(
            db,
            sql: """
                SELECT id FROM models WHERE name LIKE ? ESCAPE '\\'
                ORDER BY name COLLATE NOCASE, id LIMIT ? OFFSET ?
                """, arguments: [pattern, limit, offset])
        return (try ids.compactMap { try model(ModelID($0)) }, total)
    }
}
