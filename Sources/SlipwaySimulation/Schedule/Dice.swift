// Everything that is left to chance in a simulation.

import Foundation

/// A stream of random numbers from a seed (SplitMix64). Each part of a simulation has one of its own, so that one more
/// draw in one part does not change all others.
///
/// Every draw has a label that says what is decided, so that a world can be recorded and replayed by its decisions
/// (`Decisions`). The default of each kind of draw is the uneventful choice: it is what a replay takes where the record
/// says nothing.
final class Dice: RandomNumberGenerator, @unchecked Sendable {
    typealias Label = () -> String

    // Used by the one thread of the scheduler.
    private var state: UInt64
    private let decisions: Decisions

    init(seed: UInt64, part: UInt64, decisions: Decisions = Decisions()) {
        state = seed &* 0x9E37_79B9_7F4A_7C15 ^ (part &* 0xD1B5_4A32_D192_ED03)
        self.decisions = decisions
    }

    func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    /// By default false.
    func chance(_ probability: Double, _ label: @autoclosure Label) -> Bool {
        decisions.take(label, default: 0) { unit() < probability ? 1 : 0 } != 0
    }

    /// Which of two things happens. By default nil: neither.
    func either(_ probability: Double, _ label: @autoclosure Label) -> Bool? {
        switch decisions.take(label, default: 0, { unit() < probability ? 1 : 2 }) {
        case 1: true
        case 2: false
        default: nil
        }
    }

    /// By default the lowest.
    func number(_ range: ClosedRange<Int>, _ label: @autoclosure Label) -> Int {
        let taken = decisions.take(label, default: Int64(range.lowerBound)) { Int64(draw(range)) }
        return min(max(Int(taken), range.lowerBound), range.upperBound)
    }

    /// Between the two, short ones as likely as long ones (uniform on a logarithmic scale). By default the shortest.
    func span(_ shortest: Duration, _ longest: Duration, _ label: @autoclosure Label) -> Duration {
        take(label, default: shortest) { shortest * pow(longest / shortest, unit()) }
    }

    /// A pause between events that come on average once per `mean`. By default the mean.
    func pause(mean: Duration, _ label: @autoclosure Label) -> Duration {
        take(label, default: mean) { mean * -log(1 - unit()) }
    }

    /// Recorded to the microsecond, which is what the scheduler goes by.
    private func take(_ label: Label, default standard: Duration, _ draw: () -> Duration) -> Duration {
        var drawn: Duration?
        let taken = decisions.take(label, default: standard.microseconds) {
            let duration = draw()
            drawn = duration
            return duration.microseconds
        }
        return drawn ?? .microseconds(taken)
    }

    /// One of the choices; nil when there is none. By default the first.
    func pick<Element>(_ elements: [Element], _ label: @autoclosure Label) -> Element? {
        elements.isEmpty ? nil : elements[number(0...elements.count - 1, label())]
    }

    /// One of what there is at this moment, recorded by its name; nil when there is none. By default none.
    func pickNamed<Element>(
        _ elements: [Element], _ label: @autoclosure Label, name: (Element) -> String
    ) -> Element? {
        var picked: Element?
        let taken = decisions.takeName(label) {
            guard !elements.isEmpty else { return nil }
            let element = elements[draw(0...elements.count - 1)]
            picked = element
            return name(element)
        }
        return picked ?? taken.flatMap { taken in elements.first { name($0) == taken } }
    }

    /// The number of a choice, each as likely as its weight says. By default nil: none of them.
    func pick(weights: [Int], _ label: @autoclosure Label) -> Int? {
        let taken = decisions.take(label, default: 0) {
            var left = draw(1...weights.reduce(0, +))
            for (number, weight) in weights.enumerated() {
                left -= weight
                if left <= 0 { return Int64(number) + 1 }
            }
            return Int64(weights.count)
        }
        return (1...weights.count).contains(Int(taken)) ? Int(taken) - 1 : nil
    }

    /// Something that may happen at any of many moments, recorded by when it did. By default it does not.
    func event(
        _ probability: Double, _ label: @autoclosure Label, at elapsed: Int64,
        value: () -> Int64 = { 1 }
    ) -> Int64? {
        decisions.takeEvent(label, at: elapsed) { unit() < probability ? value() : nil }
    }

    /// Not recorded: the order of tasks.
    func index(below count: Int) -> Int { draw(0...count - 1) }

    /// For use inside the value of an event.
    func drawSpan(_ shortest: Duration, _ longest: Duration) -> Int64 {
        (shortest * pow(longest / shortest, unit())).microseconds
    }

    private func draw(_ range: ClosedRange<Int>) -> Int {
        var generator = self
        return Int.random(in: range, using: &generator)
    }

    private func unit() -> Double { Double(next() >> 11) / Double(1 << 53) }
}
