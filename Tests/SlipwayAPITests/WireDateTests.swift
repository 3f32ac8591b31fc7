// Dates in documents, against literal texts.

import Testing

@testable import SlipwayAPI

@Suite struct WireDateTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000000Z"),
            (1, "1970-01-01T00:00:00.000001Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
            (1_709_251_199_500_000, "2024-02-29T23:59:59.500000Z"),
            (4_107_542_400_000_000, "2100-03-01T00:00:00.000000Z"),
            (1_782_898_200_000_123, "2026-07-01T09:30:00.000123Z"),
        ] as [(Int64, String)])
    func `A date is written in UTC with six digits and read back`(microseconds: Int64, text: String) {
        #expect(WireDate(microseconds: microseconds).description == text)
        #expect(WireDate(text)?.microseconds == microseconds)
    }

    @Test func `The fraction may be missing or have other lengths`() {
        #expect(WireDate("1970-01-01T00:00:01Z")?.microseconds == 1_000_000)
        #expect(WireDate("1970-01-01T00:00:01.5Z")?.microseconds == 1_500_000)
        #expect(WireDate("1970-01-01T00:00:01.123456789Z")?.microseconds == 1_123_456)
    }

    @Test(arguments: [
        "", "1970-01-01", "1970-01-01T00:00:00", "1970-01-01T00:00:00+01:00", "1970-02-30T00:00:00Z",
        "2100-02-29T00:00:00Z", "1970-13-01T00:00:00Z", "1970-01-00T00:00:00Z", "1970-01-01T24:00:00Z",
        "1970-01-01T00:00:60Z", "1970-01-01T00:00:00.Z", "1970-01-01T00:00:00.1234567890Z",
        "1970-01-01T00:00:00Zx", "1970-01-01 00:00:00Z", "+970-01-01T00:00:00Z", "١٩٧٠-01-01T00:00:00Z",
    ])
    func `Anything else is no date`(text: String) {
        #expect(WireDate(text) == nil)
    }

    @Test func `The extremes of 64 bits do not trap`() {
        #expect(WireDate(microseconds: .min).description.hasSuffix("Z"))
        #expect(WireDate(microseconds: .max).description.hasSuffix("Z"))
    }
}
