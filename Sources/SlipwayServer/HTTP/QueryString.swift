// The query of a URL as decoded pairs, in order; routes with query parameters read it through `Call`.

import Foundation

/// The pairs of a URL's query (`application/x-www-form-urlencoded` rules for `+`).
enum QueryString {
    /// - Throws: `Refusal.validation` for a broken percent escape.
    static func pairs(_ text: String) throws -> [(name: String, value: String)] {
        try text.split(separator: "&").map { pair in
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = decode(halves[0]), let value = decode(halves.count == 2 ? halves[1] : "") else {
                throw Refusal.validation("The query has a percent escape that cannot be decoded.")
            }
            return (name, value)
        }
    }

    private static func decode(_ text: Substring) -> String? {
        text.replacing("+", with: " ").removingPercentEncoding
    }
}
