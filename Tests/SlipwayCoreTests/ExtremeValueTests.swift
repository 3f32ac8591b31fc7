// Numbers at the edges of their types come from users too: arithmetic on them must not end the process.

import SlipwayCore
import Testing

@Suite struct ExtremeValueTests {
    @Test(
        "the next deployment name counts on from the highest number, whatever users chose as names",
        arguments: [
            ([], "deployment-1"), (["deployment-4", "deployment-2", "other-9"], "deployment-5"),
            (["deployment-9223372036854775807"], "deployment-1"),
            (["deployment-9223372036854775807", "deployment-7"], "deployment-8"),
            (["deployment-9223372036854775808"], "deployment-1"),
            (["deployment--9223372036854775808"], "deployment-1"), (["deployment-"], "deployment-1"),
            (["deployment-1000000000"], "deployment-1000000001"),
            (["deployment-1000000000", "deployment-1000000001"], "deployment-1000000002"),
            (["deployment-+3", "deployment-04"], "deployment-5"),
        ] as [([String], String)])
    func deploymentNames(names: [String], next: String) {
        #expect(Names.nextDeploymentName(after: names) == next)
    }

    @Test("times and durations stop at the edges of their type")
    func times() {
        let last = Timestamp(microseconds: .max)
        let first = Timestamp(microseconds: .min)
        #expect(last + .seconds(1) == last)
        #expect(first + .seconds(-1) == first)
        #expect(Timestamp(microseconds: 5) + .seconds(Int64.max) == last)
        #expect(Timestamp(microseconds: -5) + .seconds(Int64.min) == first)
        #expect(last - first == .microseconds(Int64.max))
        #expect(first - last == .microseconds(Int64.min))
        #expect(Timestamp(microseconds: 7) + .microseconds(-9) == Timestamp(microseconds: -2))
        #expect(Timestamp(microseconds: 7) - Timestamp(microseconds: 9) == .microseconds(-2))
    }
}
