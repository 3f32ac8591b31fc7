// "Did you mean": the names that are most like one that does not exist.

enum NearNames {
    private static let maxShown = 5

    /// ` Did you mean hello or help?`, ` There are: a, b.` or nothing.
    static func hint(for name: String, among names: [String]) -> String {
        let near = nearest(to: name, among: names).map { $0.printable() }
        if !near.isEmpty { return " Did you mean \(near.joined(separator: " or "))?" }
        guard !names.isEmpty else { return "" }
        let shown = names.prefix(maxShown).map { $0.printable() }.joined(separator: ", ")
        return " There \(names.count == 1 ? "is" : "are"): \(shown)\(names.count > maxShown ? ", …" : "")."
    }

    /// Names within a third of the length in edits, or that start with it, the nearest first.
    static func nearest(to name: String, among names: [String]) -> [String] {
        let limit = max(1, name.count / 3)
        let scored = Set(names).map { other -> (name: String, edits: Int) in
            let starts = name.count > 1 && (other.hasPrefix(name) || name.hasPrefix(other) && other.count > 1)
            return (other, starts ? 0 : edits(from: name.lowercased(), to: other.lowercased()))
        }
        return scored.filter { $0.edits <= limit }
            .sorted { ($0.edits, $0.name) < ($1.edits, $1.name) }
            .prefix(3).map(\.name)
    }

    /// Insertions, deletions, replacements and swaps of neighbours that make one text of the other.
    static func edits(from first: String, to second: String) -> Int {
        // Longer names are not near to anything a person types by mistake.
        let (first, second) = (Array(first.prefix(100)), Array(second.prefix(100)))
        var (beforeLast, last) = ([Int](), Array(0...second.count))
        for row in first.indices {
            var current = [row + 1]
            for column in second.indices {
                let replaced = last[column] + (first[row] == second[column] ? 0 : 1)
                var least = min(replaced, last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, first[row] == second[column - 1], first[row - 1] == second[column] {
                    least = min(least, beforeLast[column - 1] + 1)
                }
                current.append(least)
            }
            (beforeLast, last) = (last, current)
        }
        return last[second.count]
    }
}
