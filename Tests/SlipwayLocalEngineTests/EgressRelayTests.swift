// What the relay between the gateway and a replica with a network of its own does with ends of connections.

import CSlipwayLinux
import Foundation
import SlipwayCore
import Testing

@testable import SlipwayLocalEngine

@Suite struct EgressRelayTests {
    static let port = 19741
    static let size = 24 << 20

    /// Answers when its caller has said all, at once and with its own end.
    static let replica = """
        import socket
        listener = socket.create_server(("127.0.0.1", \(port)))
        print("ready", flush=True)
        while True:
            caller = listener.accept()[0]
            while caller.recv(65536): pass
            caller.sendall(b"x" * \(size))
            caller.close()
        """

    /// Says all, and reads slowly.
    static let caller = """
        import socket, time
        replica = socket.create_connection(("127.0.0.1", \(port)))
        replica.sendall(b"question")
        replica.shutdown(socket.SHUT_WR)
        time.sleep(1)
        count = 0
        while data := replica.recv(65536): count += len(data)
        print(count)
        """

    @Test("all of an answer arrives after both sides have said their last", .enabled(if: geteuid() == 0))
    func halfClosed() async throws {
        let place = FileManager.default.temporaryDirectory.path + "/relay-\(UUID())"
        let replica = try SpawnedProcess.start(
            ["/usr/bin/python3", "-c", Self.replica],
            Isolated(namespaces: slipway_network_namespace, steps: [.loopback]), output: place + ".replica"
        ) { _ in }
        defer {
            replica.signal(SIGKILL)
            while replica.reap() == nil { usleep(5_000) }
            unlink(place + ".replica")
        }
        var said = ""
        for _ in 0..<400 where !said.contains("ready") {
            try await Task.sleep(for: .milliseconds(25))
            said = try String(contentsOfFile: place + ".replica", encoding: .utf8)
        }
        let relay = try await EgressRelay.open(
            for: ReplicaRecord(
                replicaID: ReplicaID("relay001"), deploymentID: DeploymentID("dep0001"),
                imageID: ImageID("image"), process: replica, bootID: ReplicaRecord.currentBootID,
                port: Self.port, readinessPath: "/", startedAt: Timestamp(microseconds: 0), egress: .closed))
        let result = try await Command.run(
            ["/usr/bin/python3", "-c", Self.caller], environment: [:], directory: "/", output: place,
            timeout: .seconds(60))
        #expect(result.tail == ["\(Self.size)"])
        await relay?.close()
    }
}
