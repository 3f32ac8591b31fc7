// Runs an actor's work on a dispatch queue, so that waiting for the disk never holds up the threads that
// serve other requests.
import Dispatch

final class DiskExecutor: SerialExecutor {
    private let queue = DispatchQueue(label: "slipway.blobs.disk", target: .global())

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}
