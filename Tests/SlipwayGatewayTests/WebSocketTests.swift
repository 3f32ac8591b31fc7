import Foundation
import NIOCore
import SlipwayCore
import Testing

@testable import SlipwayGateway

struct WebSocketTests {
    private static let fields = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: k"]

    private func upgrade(_ path: String = "/production/websocket") -> String {
        rawHead(Self.fields[0], Self.fields[1], Self.fields[2], path: path)
            .replacingOccurrences(of: "POST ", with: "GET ")
    }

    private func socketTable(_ route: ReplicaRoute) -> RoutingTable {
        var table = table([route])
        table.edit(published) { $0.webSocketPath = "/v1/websocket" }
        return table
    }

    @Test("an upgrade goes to the replica, and then bytes pass both ways until either side ends")
    func passes() async throws {
        try await World.with { world in
            let backend = try await UpgradingBackend.start(on: world.group)
            world.gateway.publish(socketTable(backend.route("r1")))
            let raw = try await RawClient.connect(world)
            raw.send(upgrade("/production/websocket?v=1"))
            try await raw.expect("HTTP/1.1 101 ")
            try await raw.expect("X-Baseten-Request-Id: ")
            let head = try #require(backend.received)
            #expect(head.hasPrefix("GET /v1/websocket?v=1 HTTP/1.1\r\n"))
            #expect(head.contains("\r\nUpgrade: websocket\r\n"))
            #expect(head.contains("\r\nConnection: Upgrade\r\n"))
            #expect(head.contains("\r\nSec-WebSocket-Key: k\r\n"))
            #expect(!head.contains("Authorization"))
            raw.send("ping")
            try await raw.expect("<ping>")
            #expect(world.gateway.inFlight(replica: ReplicaID("r1")) == 1)
            backend.disconnect()
            try await raw.expectClose()
            try await eventually("still counted") { world.gateway.inFlight(replica: ReplicaID("r1")) == 0 }
            #expect(world.observer.logs.isEmpty)
        }
    }

    @Test("a client that ends its side ends the replica's")
    func clientEnds() async throws {
        try await World.with { world in
            let backend = try await UpgradingBackend.start(on: world.group)
            world.gateway.publish(socketTable(backend.route("r1")))
            let raw = try await RawClient.connect(world)
            raw.send(upgrade())
            try await raw.expect("HTTP/1.1 101 ")
            try await raw.close()
            try await eventually("still open") { !backend.isConnected }
            try await eventually("still counted") { world.gateway.load()[published]?.inFlight == 0 }
        }
    }

    @Test("a swap leaves open connections where they are, and new ones go to the new deployment")
    func swap() async throws {
        try await World.with { world in
            let old = try await UpgradingBackend.start(on: world.group)
            let new = try await UpgradingBackend.start(on: world.group)
            world.gateway.publish(socketTable(old.route("r1")))
            let raw = try await RawClient.connect(world)
            raw.send(upgrade())
            try await raw.expect("HTTP/1.1 101 ")
            world.gateway.publish(table([new.route("r2")], production: candidate))
            raw.send("still")
            try await raw.expect("<still>")
            let second = try await RawClient.connect(world)
            second.send(upgrade())
            try await second.expect("HTTP/1.1 101 ")
            #expect(world.gateway.inFlight(replica: ReplicaID("r1")) == 1)
            #expect(world.gateway.inFlight(replica: ReplicaID("r2")) == 1)
        }
    }

    @Test("a request that is no upgrade gets 426, and a replica that refuses has its answer passed on")
    func refusals() async throws {
        try await World.with { world in
            let backend = try await world.backend { _, responder in
                responder.respond(.forbidden, body: ByteBuffer(string: "no"))
            }
            world.gateway.publish(socketTable(backend.route("r1")))
            #expect(try await world.request("/production/websocket", method: .GET).status == 426)
            #expect(try await world.request("/production/websocket").status == 405)
            let raw = try await RawClient.connect(world)
            raw.send(upgrade())
            try await raw.expect("HTTP/1.1 403 ")
            try await raw.expect("\r\n\r\nno")
        }
    }

    @Test("no replica within the time is 504, one that does not accept in time 408")
    func timeouts() async throws {
        try await World.with(configure: {
            $0.parkTimeout = .milliseconds(100)
            $0.predictTimeout = .milliseconds(100)
        }) { world in
            world.gateway.publish(table([]))
            let first = try await RawClient.connect(world)
            first.send(upgrade())
            try await first.expect("HTTP/1.1 504 ")
            let silent = try await world.backend { _, _ in }
            world.gateway.publish(socketTable(silent.route("r1")))
            let second = try await RawClient.connect(world)
            second.send(upgrade())
            try await second.expect("HTTP/1.1 408 ")
        }
    }
}
