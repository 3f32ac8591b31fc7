// Who asks whether the disk works again costs it next to nothing.

import Synchronization
import Testing

@testable import SlipwayControl

@Suite struct StorageProbeTests {
    @Test("however many ask at once, the disk is written to once")
    func oneAtATime() async throws {
        let count = Mutex(0)
        let probe = StorageProbe {
            count.withLock { $0 += 1 }
            try? await Task.sleep(for: .milliseconds(50))
        }
        let began = ContinuousClock.now
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<200 { group.addTask { await probe.run() } }
        }
        for _ in 0..<200 { await probe.run() }
        // One more for each second that a busy machine took.
        let seconds = Int((ContinuousClock.now - began) / .seconds(1))
        #expect((1...1 + seconds).contains(count.withLock { $0 }))
    }

    @Test("after the pause the disk is looked at again")
    func again() async throws {
        let count = Mutex(0)
        let probe = StorageProbe { count.withLock { $0 += 1 } }
        await probe.run()
        try await Task.sleep(for: StorageProbe.pause + .milliseconds(50))
        await probe.run()
        #expect(count.withLock { $0 } == 2)
    }
}
