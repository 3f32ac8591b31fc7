// The clock that neither jumps nor goes back.

import SlipwayCore
import Testing

@Suite struct SteadyTimeTests {
    private static let second: Int64 = 1_000_000_000
    private static let begin: Int64 = 1_790_000_000 * second

    /// Looks once a second for so long and returns all times, in seconds since the begin.
    private func times(_ seconds: Int64, wall: (Int64) -> Int64) -> [Double] {
        var time = SteadyTime(begin: Self.begin, elapsed: 7 * Self.second)
        return (1...seconds).map { passed in
            let now = time.advance(
                wall: Self.begin + wall(passed) * Self.second, elapsed: (7 + passed) * Self.second
            ).time
            return Double(now - Self.begin) / 1e9
        }
    }

    @Test("it is the wall clock while nobody moves that")
    func plain() {
        #expect(times(1000) { $0 } == (1...1000).map(Double.init))
    }

    @Test(
        "a jump in either direction makes no wait shorter or longer than by a tenth, and is made up for in the end",
        arguments: [3600, -3600, 864_000, -864_000] as [Int64])
    func jump(by distance: Int64) {
        let all = times(100_000) { $0 <= 10 ? $0 : $0 + distance }
        for (before, after) in zip(all, all.dropFirst()) {
            #expect(after - before > 0.89 && after - before < 1.11)
        }
        if abs(distance) < 10_000 {
            #expect(abs(all[99_999] - Double(100_000 + distance)) < 0.001)
        }
    }

    @Test("looks that are close together add up: nothing is lost to rounding")
    func closeLooks() {
        var time = SteadyTime(begin: Self.begin, elapsed: 0)
        var last = Self.begin
        for step in 1...100_000 as ClosedRange<Int64> {
            last = time.advance(wall: Self.begin + 3600 * Self.second + step * 700, elapsed: step * 700).time
        }
        let passed: Int64 = 100_000 * 700
        #expect(last - Self.begin == passed + passed / 10)
    }

    @Test("a jump is told once, with its size; the steps of a clock being adjusted are not jumps")
    func told() {
        var time = SteadyTime(begin: Self.begin, elapsed: 0)
        var jumps: [Int64] = []
        for passed in 1...100 as ClosedRange<Int64> {
            let offset: Int64 = passed < 20 ? passed / 10 : passed < 60 ? 3600 : -7200
            let step = time.advance(
                wall: Self.begin + (passed + offset) * Self.second, elapsed: passed * Self.second)
            if let jump = step.jump { jumps.append(jump / Self.second) }
        }
        #expect(jumps == [3599, -10_800])
    }

    @Test("a clock of elapsed time that stands still or goes back stops time and nothing more")
    func standstill() {
        var time = SteadyTime(begin: Self.begin, elapsed: 100)
        #expect(time.advance(wall: Self.begin - 5, elapsed: 50).time == Self.begin)
        #expect(time.advance(wall: Self.begin + 5, elapsed: 100).time == Self.begin)
        #expect(time.advance(wall: Self.begin + 60, elapsed: 160).time == Self.begin + 60)
    }
}
