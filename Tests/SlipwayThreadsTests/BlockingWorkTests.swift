// Blocking work in a task ends a debug build of the server; on a thread of a pool, and elsewhere, it does not.

import SlipwayThreads
import Testing

@Suite("Blocking work")
struct BlockingWorkTests {
    #if DEBUG
        @Test("in a task it ends the process that forbids it")
        func inTask() async {
            await #expect(processExitsWith: .failure) {
                BlockingWork.forbidInTasks()
                await Task.detached { BlockingWork.check() }.value
            }
        }
    #endif

    @Test("on a thread of a pool it goes on")
    func onPool() async {
        await #expect(processExitsWith: .success) {
            BlockingWork.forbidInTasks()
            try await ThreadPool.disk.run { _ in BlockingWork.check() }
        }
    }

    @Test("nothing is forbidden in a process that does not ask for it")
    func elsewhere() { BlockingWork.check() }
}
