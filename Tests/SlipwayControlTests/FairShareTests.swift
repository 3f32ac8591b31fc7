// How deployments share asynchronous work.

import SlipwayCore
import Testing

@testable import SlipwayControl

@Suite struct FairShareTests {
    @Test("one alone gets all; one that comes later gets its share whatever the first has")
    func shares() {
        let (one, other) = (DeploymentID("one"), DeploymentID("other"))
        #expect(FairShare.room(for: one, of: [:], among: 1, limit: 256) == 256)
        let full = [one: 256]
        #expect(FairShare.room(for: one, of: full, among: 2, limit: 256) == 0)
        #expect(FairShare.room(for: other, of: full, among: 2, limit: 256) == 128)
        #expect(FairShare.room(for: other, of: [one: 256, other: 128], among: 2, limit: 256) == 0)
        #expect(FairShare.room(for: other, of: [one: 10], among: 2, limit: 256) == 246)
    }

    @Test("however many there are, each can have one")
    func many() {
        let full = [DeploymentID("one"): 256]
        #expect(FairShare.room(for: DeploymentID("late"), of: full, among: 10_000, limit: 256) == 1)
        #expect(FairShare.room(for: DeploymentID("late"), of: full, among: 0, limit: 256) == 256)
    }
}
