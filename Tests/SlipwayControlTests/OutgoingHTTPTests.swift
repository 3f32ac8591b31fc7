// Calls to addresses of users go to the address that was looked at, under the name that was given.

import AsyncHTTPClient
import Foundation
import NIOCore
import SlipwayCore
import Synchronization
import Testing

@testable import SlipwayControl

@Suite struct OutgoingHTTPTests {
    /// Answers one connection after the other and keeps what was asked.
    final class Receiver: Sendable {
        let port: Int
        private let file: Int32
        private let answer: String
        private let heads = Mutex<[String]>([])

        init(answering answer: String = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") throws {
            file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            self.answer = answer
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let file = file
            port = try withUnsafeMutablePointer(to: &address) { pointer in
                try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    guard bind(file, $0, length) == 0, listen(file, 16) == 0,
                        getsockname(file, $0, &length) == 0
                    else { throw CallRefused(description: "no port") }
                }
                return Int(UInt16(bigEndian: pointer.pointee.sin_port))
            }
            Thread.detachNewThread { [self] in serve() }
        }

        deinit { close(file) }

        var requests: [String] { heads.withLock { $0 } }

        private func serve() {
            while true {
                let connection = accept(file, nil, nil)
                guard connection >= 0 else { return }
                var bytes = [UInt8](repeating: 0, count: 65536)
                let count = read(connection, &bytes, bytes.count)
                heads.withLock { $0.append(String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)) }
                _ = answer.withCString { write(connection, $0, strlen($0)) }
                close(connection)
            }
        }
    }

    func call(
        _ url: String, allowsLoopback: Bool = true, timeout: TimeAmount = .seconds(10),
        resolving: @escaping OutgoingHTTP.Resolve = systemAddresses
    ) async throws -> CallAnswer {
        let calls = OutgoingHTTP(allowsLoopback: allowsLoopback, resolve: resolving)
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.body = .bytes(ByteBuffer(string: "{}"))
        let result: Result<CallAnswer, any Error>
        do {
            result = .success(try await calls.callOut(request, timeout: timeout))
        } catch {
            result = .failure(error)
        }
        return try result.get()
    }

    @Test("a replica's answer with a head beyond the limit is told from one that was lost")
    func largeHead() async throws {
        for (head, expected) in [
            (String(repeating: "x", count: 100_000), ReplicaCallError.headTooLarge),
            ("x\r\nContent-Length: 5", .lost("stream ended at an unexpected time")),
        ] {
            let receiver = try Receiver(answering: "HTTP/1.1 200 OK\r\nX-Large: \(head)\r\n\r\n")
            let endpoint = ReplicaEndpoint(host: "127.0.0.1", port: receiver.port)
            await #expect(throws: expected) {
                try await ReplicaCall(.POST, "/", maxAnswer: 1000).send(to: endpoint, timeout: .seconds(10))
            }
        }
    }

    @Test("the name is looked up once, and the connection made to what was found, with the name in Host")
    func pinned() async throws {
        let receiver = try Receiver()
        let asked = Mutex<[String]>([])
        // No resolver knows this name: a second look-up by the client would fail.
        let answer = try await call("http://Only-Here.LocalHost:\(receiver.port)/Path") { host in
            asked.withLock { $0.append(host) }
            return ["127.0.0.1"]
        }
        #expect(answer.status == 200)
        #expect(asked.withLock { $0 } == ["only-here.localhost"])
        let request = try #require(receiver.requests.first)
        #expect(request.hasPrefix("POST /Path HTTP/1.1\r\n"))
        #expect(request.lowercased().contains("\r\nhost: only-here.localhost:\(receiver.port)\r\n"))
    }

    @Test(
        "a name that leads to this machine or to credentials is not called, though others of its addresses are good"
    )
    func rebinding() async throws {
        let receiver = try Receiver()
        for addresses in [
            ["127.0.0.1"], ["93.184.216.34", "127.0.0.1"], ["169.254.169.254"], ["::ffff:169.254.169.254"],
            ["fd00:ec2::254"], ["0.0.0.0"], [], ["nonsense"],
        ] {
            await #expect(throws: CallRefused.self, "\(addresses)") {
                try await call("https://example.com:\(receiver.port)/") { _ in addresses }
            }
        }
        await #expect(throws: CallRefused.self) {
            try await call("http://localhost:\(receiver.port)/", allowsLoopback: false)
        }
        #expect(receiver.requests.isEmpty)
    }

    @Test("a call that fails is told in words, without a path of the machine that built this program")
    func problems() async throws {
        let receiver = try Receiver()
        func problem(_ url: String) async -> String? {
            do {
                _ = try await call(url)
                return nil
            } catch {
                return CallProblem.text(of: error)
            }
        }
        // It speaks no TLS; and nobody listens on port 1.
        #expect(await problem("https://127.0.0.1:\(receiver.port)/") == "TLS could not be agreed on")
        #expect(await problem("http://127.0.0.1:1/") == "Connection refused")
    }

    @Test("the next address of a name is tried when nobody listens at the first")
    func nextAddress() async throws {
        let receiver = try Receiver()
        let answer = try await call("http://localhost:\(receiver.port)/") { _ in ["::1", "127.0.0.1"] }
        #expect(answer.status == 200)
        #expect(receiver.requests.count == 1)
    }

    @Test("redirects are answers, not ways")
    func redirects() async throws {
        let inner = try Receiver()
        let receiver = try Receiver(
            answering:
                "HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:\(inner.port)/\r\nContent-Length: 2\r\n\r\nno"
        )
        let answer = try await call("http://localhost:\(receiver.port)/")
        #expect(answer.status == 307 && answer.text == "no" && !answer.isGood)
        #expect(inner.requests.isEmpty)
    }

    @Test("of a long answer that is not good the first bytes are told")
    func longAnswer() async throws {
        let receiver = try Receiver(
            answering:
                "HTTP/1.1 500 No\r\nContent-Length: 20000\r\n\r\n"
                + String(repeating: "0123456789", count: 2000))
        let answer = try await call("http://localhost:\(receiver.port)/")
        #expect(answer.status == 500 && answer.text.utf8.count == 4096)
        #expect(answer.text.hasPrefix("0123456789"))
    }

    @Test("name servers that do not answer hold a call no longer than its time limit")
    func silentNameServers() async throws {
        let began = ContinuousClock.now
        await #expect(throws: (any Error).self) {
            try await call("http://nobody.example/", timeout: .milliseconds(100)) { _ in
                // As the system's resolver, it goes on when nobody waits any more.
                await Task.detached { try? await Task.sleep(for: .seconds(120)) }.value
                return []
            }
        }
        #expect(ContinuousClock.now - began < .seconds(60))
    }

    @Test("a receiver that nobody listens at fails at once")
    func closed() async throws {
        let began = ContinuousClock.now
        await #expect(throws: (any Error).self) {
            try await call("http://127.0.0.1:1/", timeout: .seconds(600))
        }
        #expect(ContinuousClock.now - began < .seconds(60))
    }
}
