// Points in time as documents write them: `2026-07-01T09:30:00.000123Z`.

/// Microseconds since 1970-01-01T00:00:00Z, written as ISO 8601 in UTC with six digits of fraction.
public struct WireDate: Codable, Sendable, Hashable, CustomStringConvertible {
    public var microseconds: Int64

    public init(microseconds: Int64) { self.microseconds = microseconds }

    public var description: String {
        let (days, inDay) = microseconds.flooredQuotientAndRemainder(by: 86_400_000_000)
        let date = CivilDate(daysSince1970: days)
        let seconds = inDay / 1_000_000
        return "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))T"
            + "\(padded(seconds / 3600, 2)):\(padded(seconds / 60 % 60, 2)):\(padded(seconds % 60, 2))"
            + ".\(padded(inDay % 1_000_000, 6))Z"
    }

    /// Reads the written form; the fraction may have 1 to 9 digits (those after the sixth are dropped) or be
    /// missing. Returns nil for anything else, offsets other than `Z` included.
    public init?(_ text: String) {
        var fields = Substring(text)
        guard let year = fields.takeNumber(4), fields.take("-"), let month = fields.takeNumber(2),
            fields.take("-"), let day = fields.takeNumber(2), fields.take("T"),
            let hour = fields.takeNumber(2), fields.take(":"), let minute = fields.takeNumber(2),
            fields.take(":"), let second = fields.takeNumber(2),
            hour < 24, minute < 60, second < 60,
            let days = CivilDate(year: year, month: month, day: day)?.daysSince1970
        else { return nil }
        var fraction: Int64 = 0
        if fields.take(".") {
            let digits = fields.prefix { $0.isASCII && $0.isNumber }
            fields = fields.dropFirst(digits.count)
            guard (1...9).contains(digits.count),
                let value = Int64((digits + "000000").prefix(6))
            else { return nil }
            fraction = value
        }
        guard fields == "Z" else { return nil }
        let seconds = days * 86_400 + hour * 3600 + minute * 60 + second
        microseconds = seconds * 1_000_000 + fraction
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let date = WireDate(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a date in UTC")
        }
        self = date
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

private func padded(_ number: Int64, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}

extension Int64 {
    fileprivate func flooredQuotientAndRemainder(by divisor: Int64) -> (Int64, Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}

extension Substring {
    fileprivate mutating func take(_ character: Character) -> Bool {
        guard first == character else { return false }
        removeFirst()
        return true
    }

    fileprivate mutating func takeNumber(_ width: Int) -> Int64? {
        let digits = prefix(width)
        guard digits.count == width, digits.allSatisfy({ ("0"..."9").contains($0) }) else { return nil }
        removeFirst(width)
        return Int64(digits)
    }
}
