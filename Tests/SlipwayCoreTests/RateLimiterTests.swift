import SlipwayCore
import Testing

@Suite struct RateLimiterTests {
    private let limit = RateLimit(calls: 3, per: .seconds(60))

    private func at(_ second: Double) -> Timestamp { Timestamp(microseconds: Int64(second * 1e6)) }

    @Test func aWindowTakesSoManyCallsAndSaysWhenTheNextBegins() {
        var limiter = RateLimiter()
        let waits = [0, 1, 2, 10, 59.5, 60, 61, 62, 63].map { limiter.take("a", limit, now: at($0)) }
        #expect(waits == [nil, nil, nil, 50, 1, nil, nil, nil, 57])
    }

    @Test func subjectsDoNotShareAWindow() {
        var limiter = RateLimiter()
        for _ in 0..<3 { _ = limiter.take("a", limit, now: at(0)) }
        let (first, second) = (limiter.take("a", limit, now: at(1)), limiter.take("b", limit, now: at(1)))
        #expect(first == 59 && second == nil)
    }

    @Test func manySubjectsDoNotPileUp() {
        var limiter = RateLimiter()
        for number in 0..<20_000 {
            let wait = limiter.take("\(number)", limit, now: at(Double(number)))
            #expect(wait == nil)
        }
        for _ in 0..<3 { _ = limiter.take("kept", limit, now: at(20_000)) }
        for number in 0..<5000 { _ = limiter.take("\(number)", limit, now: at(20_001)) }
        let wait = limiter.take("kept", limit, now: at(20_002))
        #expect(wait == 58, "a window that is not over is never forgotten")
    }
}
