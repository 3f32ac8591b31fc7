// A server whose changes ask for a pass that changes them again is busy for ever. It need not let go of its thread
// between two passes, so it is told by what it asks of its store.

final class RestlessChecks: @unchecked Sendable {
    /// Simulated time over which calls are counted.
    static let window: Duration = .seconds(30)
    /// Reads and writes within it: ten times what worlds were seen to need.
    static let most = 10_000

    private unowned let world: World
    private var began: Int64 = 0
    private var calls = 0

    init(world: World) { self.world = world }

    /// Called with every read and write.
    func check() {
        world.evaluated(.serverRests)
        if world.scheduler.elapsed - began > Self.window.microseconds {
            (began, calls) = (world.scheduler.elapsed, 0)
        }
        calls += 1
        if calls > Self.most {
            world.violate(
                .serverRests, "the server asked its store \(Self.most) times within \(Self.window)")
        }
    }
}
