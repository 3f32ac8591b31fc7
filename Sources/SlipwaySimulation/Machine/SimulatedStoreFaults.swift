// A disk that is slow, full for a moment, or gone with its server in the middle of a write.

import SlipwayStore

final class SimulatedStoreFaults: StoreFaults, @unchecked Sendable {
    private let world: World
    var isDead = false

    init(world: World) { self.world = world }

    func willRead() async throws {
        try await pause()
        try checkAlive()
    }

    func willWrite() async throws {
        try await pause()
        try checkAlive()
        if world.faultDice.event(
            world.weather.storeFailures, "store/fails", at: world.scheduler.elapsed) != nil
        {
            world.storeHasFailed = true
            throw Weather.Fault.diskFull
        }
        if world.crashesNow() { throw Weather.Fault.serverDied }
    }

    func willCommit() throws {
        if world.crashesNow() { throw Weather.Fault.serverDied }
    }

    func didCommit() async throws {
        world.records.check()
        if world.crashesNow() { throw Weather.Fault.serverDied }
        try await pause()
        // Nobody hears of what was written.
        try checkAlive()
    }

    private func checkAlive() throws {
        if isDead { throw Weather.Fault.serverDied }
    }

    private func pause() async throws {
        world.restless.check()
        // The world ends here: a server that does not let go would keep it from that.
        if world.violation != nil { try await world.scheduler.sleep(.seconds(3600)) }
        let dice = world.faultDice
        let pause = dice.event(
            world.weather.slowStores, "store/pauses", at: world.scheduler.elapsed,
            value: { dice.drawSpan(.milliseconds(1), .seconds(3)) })
        if let pause { try? await world.scheduler.sleep(.microseconds(pause)) }
    }
}
