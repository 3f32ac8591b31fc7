// Listings that come page by page, read to their end.

import SlipwayAPI

extension Remote {
    /// Most entries that a listing reads: more help no one.
    private static let maxEntries = 10_000

    /// A listing as one document: the last page's, with the entries of all.
    /// - Parameters:
    ///   - items: the member that holds the entries.
    ///   - filters: `&name=value…` to be sent with every page.
    ///   - limit: most entries that are wanted.
    func all(_ path: String, items: String, filters: String = "", limit: Int? = nil) async throws -> JSONValue
    {
        let limit = min(limit ?? Self.maxEntries, Self.maxEntries)
        var entries: [JSONValue] = []
        var cursor: String?
        while true {
            let size = min(100, limit - entries.count)
            let page = try await document(
                "GET", path + query(["limit": "\(size)", "cursor": cursor]) + filters)
            entries += page[items].elements
            guard case .string(let next)? = page[path: "pagination.cursor"], next != cursor,
                entries.count < limit
            else { return page.replacing(items, with: .array(entries)) }
            cursor = next
        }
    }
}
