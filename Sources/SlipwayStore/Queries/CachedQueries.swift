// Queries that run in every pass. Each connection prepares their statements once: making the SQL and preparing it cost more
// than running it.

import GRDB

extension FetchableRecord where Self: TableRecord {
    /// The rows that `clauses` choose.
    ///
    /// - Parameter clauses: what follows the table's name; constant, as each text is another statement.
    static func all(
        _ db: Database, _ clauses: String = "", _ arguments: StatementArguments = []
    ) throws -> [Self] {
        try fetchAll(db.cachedStatement(sql: selection(clauses)), arguments: arguments)
    }

    /// The first row that `clauses` choose.
    static func one(
        _ db: Database, _ clauses: String, _ arguments: StatementArguments
    ) throws -> Self? {
        try fetchOne(db.cachedStatement(sql: selection(clauses)), arguments: arguments)
    }

    private static func selection(_ clauses: String) -> String {
        "SELECT \(cachedColumns) FROM \(databaseTableName) \(clauses)"
    }

    static var cachedColumns: String {
        (Self.self as? any PartialRecord.Type)?.columns.joined(separator: ", ") ?? "*"
    }
}

/// A record of some columns of its table.
protocol PartialRecord {
    static var columns: [String] { get }
}
