// Names of copies that promotions make.

import SlipwayCore
import Testing

@Suite struct CopyNameTests {
    @Test("copies of copies keep one suffix, and copies of one second differ")
    func copies() {
        let first = Names.copyName(of: "blue", at: 1_790_000_000, taken: [])
        #expect(first == "blue.1790000000")
        #expect(Names.copyName(of: first, at: 1_790_000_500, taken: [first]) == "blue.1790000500")
        let second = Names.copyName(of: first, at: 1_790_000_000, taken: [first])
        #expect(second == "blue.1790000001")
        #expect(Names.copyName(of: "blue", at: 1_790_000_000, taken: [first, second]) == "blue.1790000002")
    }

    @Test("what only looks like a suffix stays; a copy's name is a good one however long the source's is")
    func others() {
        #expect(Names.copyName(of: "v1.2", at: 1_790_000_000, taken: []) == "v1.2.1790000000")
        #expect(Names.copyName(of: ".1790000000", at: 1_790_000_000, taken: []) == ".1790000000.1790000000")
        let long = Names.copyName(of: String(repeating: "a", count: 255), at: 1_790_000_000, taken: [])
        #expect(Names.problem(inDeploymentName: long) == nil)
    }
}
