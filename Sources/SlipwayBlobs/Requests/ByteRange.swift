// The single byte range of a GET (RFC 9110, 14.1.2).

enum ByteRange: Equatable {
    case whole
    case part(Range<Int64>)
    case unsatisfiable

    /// What a `Range` header selects of an object of `size` bytes. Several ranges, other units and malformed
    /// values select the whole object, as the RFC lets a server do.
    static func select(_ header: String?, size: Int64) -> ByteRange {
        guard let header, header.hasPrefix("bytes="), !header.contains(",") else { return .whole }
        let ends = header.dropFirst("bytes=".count)
            .split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard ends.count == 2 else { return .whole }
        switch (ends[0].isEmpty, ends[1].isEmpty) {
        case (true, true): return .whole
        case (true, false):
            guard let suffix = DecimalText.parse(ends[1]).map(Int64.init) else { return .whole }
            return suffix == 0 || size == 0 ? .unsatisfiable : .part(max(0, size - suffix)..<size)
        case (false, true):
            guard let first = DecimalText.parse(ends[0]).map(Int64.init) else { return .whole }
            return first < size ? .part(first..<size) : .unsatisfiable
        case (false, false):
            guard let first = DecimalText.parse(ends[0]).map(Int64.init),
                let last = DecimalText.parse(ends[1]).map(Int64.init), first <= last
            else { return .whole }
            return first < size ? .part(first..<(min(last, size - 1) + 1)) : .unsatisfiable
        }
    }
}
