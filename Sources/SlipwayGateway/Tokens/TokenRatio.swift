// How many tokens a deployment's model makes of a byte of text or an event of a stream, learnt from what answers say.

import Synchronization

/// Shared by the loops: they all learn from every answer.
final class TokenRatio: Sendable {
    /// Tokens that the first guess weighs as much as: one usual answer moves it, one odd one does not turn it over.
    private static let firstWeight = 256.0
    /// Tokens that one answer counts for at most, so that none outweighs many.
    private static let maxWeight = 4096.0
    /// Beyond this the past is halved: templates and texts change.
    private static let memory = 32768.0

    private struct Sums {
        var units: Double
        var tokens: Double
    }

    private let limits: ClosedRange<Double>
    private let sums: Mutex<Sums>
    /// The ratio as bits, to be read on the way of every request.
    private let current: Atomic<UInt64>

    /// - Parameters:
    ///   - first: tokens per unit before anything was learnt.
    ///   - limits: what an answer says beyond them is taken as that.
    init(first: Double, limits: ClosedRange<Double>) {
        self.limits = limits
        sums = Mutex(Sums(units: Self.firstWeight / first, tokens: Self.firstWeight))
        current = Atomic(first.bitPattern)
    }

    /// Tokens per unit.
    var value: Double { Double(bitPattern: current.load(ordering: .relaxed)) }

    /// What one answer said: so many units were so many tokens.
    func learn(units: Double, tokens: Int) {
        guard units > 0, tokens > 0 else { return }
        let tokens = units * min(max(Double(tokens) / units, limits.lowerBound), limits.upperBound)
        let weight = min(1, Self.maxWeight / tokens)
        sums.withLock { sums in
            sums.units += units * weight
            sums.tokens += tokens * weight
            if sums.tokens > Self.memory {
                sums.units /= 2
                sums.tokens /= 2
            }
            current.store((sums.tokens / sums.units).bitPattern, ordering: .relaxed)
        }
    }
}

/// The ratios of one deployment. They begin anew with the process.
final class TokenRatios: Sendable {
    /// Of text: usual tokenizers take some four bytes of English. A template can make many tokens of a short text.
    let perByte = TokenRatio(first: 0.25, limits: 1.0 / 64...16)
    /// Of a stream's events: a server that guesses ahead sends several tokens at once.
    let perEvent = TokenRatio(first: 1, limits: 1.0 / 16...256)
}
