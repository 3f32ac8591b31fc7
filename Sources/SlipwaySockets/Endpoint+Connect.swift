// A connection for code that has no reactor.

import Glibc

extension Endpoint {
    /// Between two checks of a connection under way: on one machine it is made at once, unless the other side has
    /// more callers than it accepts.
    private static let pollInterval: Duration = .milliseconds(2)

    /// A connected, non-blocking stream socket, which is the caller's from then on.
    /// - Throws: `SystemError`, ETIMEDOUT when it takes longer than `limit`; `CancellationError`.
    public func connect(within limit: Duration) async throws -> Int32 {
        let file = try makeSocket()
        do {
            try withSocketAddress { address, length in
                guard Glibc.connect(file, address, length) == 0 || errno == EINPROGRESS else {
                    throw SystemError("connect")
                }
            }
            let deadline = ContinuousClock.now + limit
            while try !Self.isConnected(file) {
                guard ContinuousClock.now < deadline else { throw SystemError("connect", number: ETIMEDOUT) }
                try await Task.sleep(for: Self.pollInterval)
            }
            return file
        } catch {
            Glibc.close(file)
            throw error
        }
    }

    private static func isConnected(_ file: Int32) throws -> Bool {
        var state = pollfd(fd: file, events: Int16(POLLOUT), revents: 0)
        guard poll(&state, 1, 0) > 0 else { return false }
        var number: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(file, SOL_SOCKET, SO_ERROR, &number, &length)
        guard number == 0 else { throw SystemError("connect", number: number) }
        return true
    }
}
