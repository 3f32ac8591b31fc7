// A distribution of whole numbers (microseconds, bytes) in buckets whose width grows with the value: eight per
// doubling, so that a quantile is at most 6 % away from the true one.

/// Counts of values by size. Histograms add up exactly.
public struct ValueHistogram: Sendable, Equatable {
    /// Values from this one on are counted as this one.
    public static let largest: UInt64 = (1 << 40) - 1

    /// Filled up to the largest bucket that was ever hit.
    private var buckets: [UInt64] = []
    public private(set) var count: UInt64 = 0
    public private(set) var sum: Double = 0

    public init() {}

    public mutating func record(_ value: UInt64) {
        let index = Self.index(of: min(value, Self.largest))
        grow(to: index + 1)
        buckets[index] += 1
        count += 1
        sum += Double(value)
    }

    public static func += (sum: inout ValueHistogram, other: ValueHistogram) {
        sum.grow(to: other.buckets.count)
        for (index, value) in other.buckets.enumerated() { sum.buckets[index] += value }
        sum.count += other.count
        sum.sum += other.sum
    }

    /// Nil without any value.
    public var mean: Double? { count == 0 ? nil : sum / Double(count) }

    /// The value that the share `q` of all values does not exceed; nil without any value.
    /// - Parameter q: 0...1.
    public func quantile(_ q: Double) -> Double? {
        guard count > 0 else { return nil }
        let rank = q * Double(count)
        var below: Double = 0
        for (index, value) in buckets.enumerated() where value > 0 {
            let here = Double(value)
            if below + here >= rank {
                let lower = Double(Self.lowerBound(index))
                let width = Double(Self.lowerBound(index + 1)) - lower
                // Within a bucket the values are taken as evenly spread.
                return lower + width * max(0, rank - below) / here
            }
            below += here
        }
        return Double(Self.lowerBound(buckets.count))
    }

    /// How many values are smaller than 2 to the power of `exponent`; exact, as buckets end there.
    /// - Parameter exponent: 3...40.
    public func count(belowPowerOfTwo exponent: Int) -> UInt64 {
        buckets.prefix(Self.index(of: 1 << UInt64(exponent))).reduce(0, +)
    }

    private mutating func grow(to size: Int) {
        guard buckets.count < size else { return }
        buckets.append(contentsOf: repeatElement(0, count: size - buckets.count))
    }

    private static func index(of value: UInt64) -> Int {
        guard value >= 8 else { return Int(value) }
        let octave = 63 - value.leadingZeroBitCount
        return (octave - 2) * 8 + Int((value >> UInt64(octave - 3)) & 7)
    }

    private static func lowerBound(_ index: Int) -> UInt64 {
        guard index >= 8 else { return UInt64(index) }
        let octave = index / 8 + 2
        return UInt64(8 + index % 8) << UInt64(octave - 3)
    }
}

/// Only the buckets that were hit are written: `{"sum": …, "hits": [index, count, index, count, …]}`.
extension ValueHistogram: Codable {
    private enum CodingKeys: CodingKey { case sum, hits }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        sum = try container.decode(Double.self, forKey: .sum)
        let hits = try container.decode([UInt64].self, forKey: .hits)
        for position in stride(from: 0, to: hits.count - 1, by: 2) {
            let index = Int(hits[position])
            guard index <= Self.index(of: Self.largest) else { continue }
            grow(to: index + 1)
            buckets[index] = hits[position + 1]
            count += hits[position + 1]
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(sum, forKey: .sum)
        let hits = buckets.enumerated().filter { $0.element > 0 }.flatMap { [UInt64($0.offset), $0.element] }
        try container.encode(hits, forKey: .hits)
    }
}
