// The query of a request as decoded pairs; read by routing and by signatures.

struct QueryItems: Sendable {
    struct Item: Sendable, Equatable {
        let name: String
        let value: String
    }

    let items: [Item]

    /// Throws `InvalidURI` for a broken escape, `InvalidArgument` for a name that comes twice.
    init(raw: String) throws(S3Error) {
        var items: [Item] = []
        var seen: Set<String> = []
        for pair in raw.split(separator: "&", omittingEmptySubsequences: true) {
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentEncoding.decode(halves[0]),
                let value = PercentEncoding.decode(halves.count == 2 ? halves[1] : "")
            else { throw S3Error(.invalidURI, "The query cannot be decoded.") }
            guard seen.insert(name).inserted else {
                throw S3Error(.invalidArgument, "A query parameter may come only once.")
            }
            items.append(Item(name: name, value: value))
        }
        self.items = items
    }

    subscript(name: String) -> String? { items.first { $0.name == name }?.value }

    /// Encoded and sorted by encoded name, as a canonical request wants it.
    func canonical(without excluded: String? = nil) -> String {
        items.filter { $0.name != excluded }
            .map { (PercentEncoding.encode($0.name), PercentEncoding.encode($0.value)) }
            .sorted { Array($0.0.utf8).lexicographicallyPrecedes(Array($1.0.utf8)) }
            .map { "\($0)=\($1)" }
            .joined(separator: "&")
    }
}
