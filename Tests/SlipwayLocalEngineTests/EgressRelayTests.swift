// What the relay between the gateway and a replica with a network of its own does with ends of connections.

import CSlipwayLinux
import Foundation
import SlipwayCore
import Testing

@testable import SlipwayLocalEngine

@Suite struct EgressRelayTests {
    static let port = 19741
    /// Answers when its caller has said all, at once and with its own end.
    static let replica = """
        import socket, threading
        def answer(caller):
            question = b""
            while data := caller.recv(65536): question += data
            caller.sendall(b"x" * int(question))
            caller.close()
        listener = socket.create_server(("127.0.0.1", \(port)), backlog=256)
        print("ready", flush=True)
        while True: threading.Thread(target=answer, args=listener.accept()[:1], daemon=True).start()
        """

    /// Says all, and reads late. What is under way then differs by less than what the relay keeps, so that for some
    /// the relay has the last of it, whatever the kernel takes.
    static let caller = """
        import socket, time
        callers = []
        for size in range(40_000, 4_000_000, 40_000):
            caller = socket.socket()
            caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
            caller.connect(("127.0.0.1", \(port)))
            caller.sendall(b"%d" % size)
            caller.shutdown(socket.SHUT_WR)
            callers.append((caller, size))
        time.sleep(1)
        def missing(caller, size):
            try:
                while data := caller.recv(65536): size -= len(data)
            except OSError as error: print(error)
            return size
        print("missing", [left for caller, size in callers if (left := missing(caller, size))])
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
        #expect(result.tail == ["missing []"])
        await relay?.close()
    }
}
