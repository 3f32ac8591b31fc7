import SlipwayCore
import Testing

@testable import SlipwayGateway

struct ChunkDecoderTests {
    private struct Outcome: Equatable {
        var body = ""
        var trailer = ""
        var isComplete = false
        var left = 0
    }

    /// Decodes `text` in pieces of `step` bytes; nil when it is refused.
    private func decode(_ text: String, step: Int) -> Outcome? {
        var decoder = ChunkDecoder()
        var outcome = Outcome()
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: step) {
            let piece = Array(bytes[start..<min(start + step, bytes.count)])
            let isGood = piece.withUnsafeBytes { bytes -> Bool in
                var rest = bytes
                do throws(PlatformError) {
                    while !decoder.isComplete, let next = try decoder.next(&rest) {
                        switch next {
                        case .data(let bytes): outcome.body += bytes.text
                        case .trailer(let bytes): outcome.trailer += bytes.text
                        }
                    }
                } catch {
                    return false
                }
                outcome.left += rest.count
                return true
            }
            if !isGood { return nil }
        }
        outcome.isComplete = decoder.isComplete
        return outcome
    }

    static let good = [
        ("0\r\n\r\n", "", "\r\n", 0),
        ("3\r\nabc\r\n0\r\n\r\n", "abc", "\r\n", 0),
        ("3\r\nabc\r\nA\r\n0123456789\r\n00\r\n\r\nnext", "abc0123456789", "\r\n", 4),
        ("1;x=\"y\"\r\na\r\n0;z\r\nT: 1\r\nU: 2\r\n\r\n", "a", "T: 1\r\nU: 2\r\n\r\n", 0),
    ]

    @Test("chunks are put together wherever they are cut", arguments: good)
    func decodes(_ row: (text: String, body: String, trailer: String, left: Int)) {
        for step in [1, 2, 3, 5, 100] {
            #expect(
                decode(row.text, step: step)
                    == Outcome(body: row.body, trailer: row.trailer, isComplete: true, left: row.left))
        }
    }

    @Test("an incomplete body is not complete")
    func incomplete() {
        let text = "3\r\nabc\r\n0\r\nT: 1\r\n\r\n"
        for count in 0..<text.utf8.count {
            #expect(
                decode(String(decoding: Array(text.utf8.prefix(count)), as: UTF8.self), step: 4)?.isComplete
                    != true)
        }
    }

    @Test(
        "what another reader could understand differently is refused",
        arguments: [
            "\r\n", "g\r\n", "-1\r\n", "+1\r\na", " 1\r\na", "1 \r\na", "0x1\r\na", "1\na\r\n", "1\r\nab",
            "1\r\na\n0\r\n\r\n", "1\r\na0\r\n\r\n", "1\r\na\r0\r\n\r\n", ";x\r\n", "1;\n\r\na", "1\r\r\na",
            "fffffffffffffffff\r\n", "1;\(String(repeating: "x", count: 300))\r\n", "0\r\n\n",
            "0\r\nT: 1\n\r\n",
            "0\r\nT: 1\r\r\n\r\n", "0\r\n\(String(repeating: "T: 1\r\n", count: 2000))\r\n", "1;\u{0}\r\na",
        ])
    func refuses(_ text: String) {
        #expect(decode(text, step: 100) == nil)
        #expect(decode(text, step: 1) == nil)
    }
}
