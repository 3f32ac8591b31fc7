// An ordinary user's way out for replicas: slirp4netns takes their packets and makes connections of its own, as the
// server's user. One process for each replica; it outlives the server as the replica does.

import Foundation
import SlipwaySockets

enum UserNetwork {
    /// Its name server, and in the default network of slirp4netns the only address that is not outside.
    static let nameServer = "10.0.2.3"
    static let range = "10.0.2.0/24"

    private static let startTimeout: Duration = .seconds(10)
    private static let pollInterval: Duration = .milliseconds(1)

    /// - Parameters:
    ///   - unit: of the replica, for its files.
    ///   - record: keeps what finds it again; it begins afterwards.
    /// - Returns: the process, which is to be ended after the replica.
    /// - Throws: `SpawnError` when it does not come up, or what `record` throws.
    static func connect(
        _ process: SpawnedProcess, unit: String, record: (SpawnedProcess) throws -> Void
    ) async throws -> SpawnedProcess {
        let ready = unit + "/slirp.ready", log = unit + "/slirp.log"
        unlink(ready)
        // The shell opens the file that is written when all is set up.
        let script = #"exec "$@" 3>>"$SLIPWAY_READY""#
        let helper = try SpawnedProcess.start(
            [
                "/bin/sh", "-c", script, "slirp", NetworkTools.slirp, "--configure", "--mtu=65520",
                // Its own sandbox needs an id 0 in the replica's user namespace, which has none.
                "--disable-host-loopback", "--enable-seccomp", "--ready-fd=3",
                "\(process.pid)", "eth0",
            ], environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SLIPWAY_READY": ready], directory: "/",
            output: log, record: record)
        let deadline = ContinuousClock.now + startTimeout
        while true {
            var status = stat()
            if stat(ready, &status) == 0, status.st_size > 0 { return helper }
            guard helper.exitCode == nil, ContinuousClock.now < deadline else {
                helper.signal(SIGKILL)
                let said = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
                let reason = said.split(separator: "\n").joined(separator: "; ")
                throw SpawnError(
                    description: "slirp4netns: \(reason.isEmpty ? "it does not come up" : reason)")
            }
            do {
                try await Task.sleep(for: pollInterval)
            } catch {
                helper.signal(SIGKILL)
                throw error
            }
        }
    }
}
