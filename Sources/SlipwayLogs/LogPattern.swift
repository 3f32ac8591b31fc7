// A search pattern: RE2's syntax, and its promise that a search takes time linear in the text.

import CSlipwayRE2

/// May be used by several threads at once.
final class LogPattern: @unchecked Sendable {
    // Never written after the initialiser, and RE2's searches are made for several threads.
    private let pattern: OpaquePointer

    /// - Throws: `LogQueryError.badPattern` with RE2's own words.
    init(_ text: String) throws(LogQueryError) {
        var text = text
        var reason = [CChar](repeating: 0, count: 256)
        let made = text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                slipway_pattern_make($0.baseAddress, $0.count, &reason, reason.count)
            }
        }
        guard let made else {
            let words = reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            throw .badPattern("\(String(decoding: words, as: UTF8.self)) (the syntax is RE2's)")
        }
        pattern = made
    }

    deinit { slipway_pattern_free(pattern) }

    func isFound(in text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                slipway_pattern_finds(pattern, $0.baseAddress, $0.count)
            }
        }
    }
}
