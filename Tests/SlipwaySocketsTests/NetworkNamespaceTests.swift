// Sockets that are made in the network of another process and used from here.

import Foundation
import Testing

@testable import SlipwaySockets

/// Whether this user may make network namespaces.
private let hasNamespaces = runs(["--net", "true"])

private func runs(_ arguments: [String]) -> Bool {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
    process.arguments = (geteuid() == 0 ? [] : ["--user"]) + arguments
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
}

@Suite("Network namespaces", .enabled(if: hasNamespaces))
struct NetworkNamespaceTests {
    /// A server in a network of its own that tells its name to whoever connects to port 8000, until it is ended.
    final class Neighbour {
        let process = Process()
        let namespace: NetworkNamespace

        init(_ name: String) throws {
            let script = """
                import fcntl, socket, struct
                with socket.socket() as s:
                    fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", b"lo", 0x49))
                listener = socket.create_server(("127.0.0.1", 8000))
                print("ready", flush=True)
                while True:
                    caller = listener.accept()[0]
                    caller.sendall(b"\(name)")
                    caller.close()
                """
            let output = Pipe()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
            process.arguments =
                (geteuid() == 0 ? [] : ["--user", "--map-root-user"]) + [
                    "--net", "/usr/bin/python3", "-c", script,
                ]
            process.standardOutput = output
            try process.run()
            #expect(output.fileHandleForReading.availableData.starts(with: Data("ready".utf8)))
            let pid = process.processIdentifier
            let stat = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
            let fields = stat[stat.lastIndex(of: ")")!...].split(separator: " ")
            namespace = .of(pid: pid, startTime: try #require(UInt64(fields[20])))
        }

        func end() {
            // Started from a thread that blocks signals, it blocks them too.
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }

        func name() async throws -> String {
            let file = try await Endpoint.inside(namespace, port: 8000).connect(within: .seconds(5))
            defer { close(file) }
            var bytes = [UInt8](repeating: 0, count: 64)
            for _ in 0..<500 {
                let count = read(file, &bytes, bytes.count)
                if count > 0 { return String(decoding: bytes[..<count], as: UTF8.self) }
                try await Task.sleep(for: .milliseconds(10))
            }
            return ""
        }
    }

    @Test("one port leads to as many servers as there are networks, each reached by its own")
    func apart() async throws {
        let neighbours = try ["one", "two", "three"].map(Neighbour.init)
        defer { for one in neighbours { one.end() } }
        for (neighbour, name) in zip(neighbours, ["one", "two", "three"]) {
            #expect(try await neighbour.name() == name)
        }
        let other = Endpoint.inside(neighbours[0].namespace, port: 8001)
        await #expect(throws: SystemError("connect", number: ECONNREFUSED)) {
            try await other.connect(within: .seconds(5))
        }
    }

    @Test(
        "a network is kept as long as it is used, and one whose process has gone is not another's with its pid"
    )
    func gone() async throws {
        let neighbour = try Neighbour("one")
        #expect(try await neighbour.name() == "one")
        let later = NetworkNamespace.of(pid: neighbour.process.processIdentifier, startTime: 1)
        #expect(throws: SystemError.self) { try later.open() }
        let kept = try neighbour.namespace.listen(at: .internet(address: "127.0.0.2", port: 80), backlog: 1)
        neighbour.end()
        // Nothing listens any more, but the network is there.
        await #expect(throws: SystemError("connect", number: ECONNREFUSED)) {
            try await Endpoint.inside(neighbour.namespace, port: 8000).connect(within: .seconds(5))
        }
        kept.close()
        let pid = neighbour.process.processIdentifier
        let error = #expect(throws: SystemError.self) {
            try NetworkNamespace.of(pid: pid, startTime: 2).open()
        }
        #expect(error?.number == ESRCH)
    }

    @Test("making a socket there takes microseconds")
    func cost() async throws {
        let neighbour = try Neighbour("one")
        defer { neighbour.end() }
        try neighbour.namespace.open()
        let begun = ContinuousClock.now
        for _ in 0..<200 { close(try neighbour.namespace.socket(family: AF_INET)) }
        let each = (ContinuousClock.now - begun) / 200
        print("figure socket_in_namespace \(each)")
        // Generous: the machine may be busy with anything.
        #expect(each < .milliseconds(20))
    }
}
