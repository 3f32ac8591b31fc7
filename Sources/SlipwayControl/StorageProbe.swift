// Looks whether a disk that failed works again. Anybody may ask, so that asking costs the disk next to nothing.

/// One probe at a time, and a pause after each: who asks meanwhile has the answer of the last one.
actor StorageProbe {
    static let pause = Duration.seconds(1)

    private let probe: @Sendable () async -> Void
    private var running: Task<Void, Never>?
    private var nextAt = ContinuousClock.now

    init(_ probe: @escaping @Sendable () async -> Void) { self.probe = probe }

    /// Returns when the probe that runs has ended, at once in the pause.
    func run() async {
        if let running { return await running.value }
        guard ContinuousClock.now >= nextAt else { return }
        let task = Task { [probe] in await probe() }
        running = task
        await task.value
        running = nil
        nextAt = .now + Self.pause
    }
}
