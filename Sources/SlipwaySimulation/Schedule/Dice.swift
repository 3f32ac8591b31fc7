// Everything that is left to chance in a simulation.

import Foundation

/// A stream of random numbers from a seed (SplitMix64). Each part of a simulation has one of its own, so that one more
/// draw in one part does not change all others.
final class Dice: RandomNumberGenerator, @unchecked Sendable {
    // Used by the one thread of the scheduler.
    private var state: UInt64

    init(seed: UInt64, part: UInt64) {
        state = seed &* 0x9E37_79B9_7F4A_7C15 ^ (part &* 0xD1B5_4A32_D192_ED03)
    }

    func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    func chance(_ probability: Double) -> Bool { unit() < probability }

    func number(_ range: ClosedRange<Int>) -> Int {
        var generator = self
        return Int.random(in: range, using: &generator)
    }

    /// Between the two, short ones as likely as long ones (even on a logarithmic scale).
    func span(_ shortest: Duration, _ longest: Duration) -> Duration {
        let ratio = longest / shortest
        return shortest * pow(ratio, unit())
    }

    /// A pause between events that come on average once per `mean`.
    func pause(mean: Duration) -> Duration { mean * -log(1 - unit()) }

    func pick<Element>(_ elements: [Element]) -> Element? {
        elements.isEmpty ? nil : elements[number(0...elements.count - 1)]
    }

    /// One of the choices, each as likely as its weight says.
    func pick<Element>(weighted choices: [(Int, Element)]) -> Element {
        var left = number(1...choices.reduce(0) { $0 + $1.0 })
        for (weight, choice) in choices {
            left -= weight
            if left <= 0 { return choice }
        }
        return choices[choices.count - 1].1
    }

    private func unit() -> Double { Double(next() >> 11) / Double(1 << 53) }
}
