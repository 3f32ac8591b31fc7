import NIOCore
import SlipwayCore
import Testing

@testable import SlipwayGateway

struct SwapTests {
    @Test("no request fails while tables move production between two replicas under load")
    func swapUnderLoad() async throws {
        try await World.with { world in
            let one = try await world.backend()
            let two = try await world.backend()
            let tables = [
                table([one.route("old11")]), table([two.route("new11")], production: candidate),
            ]
            world.gateway.publish(tables[0])
            let answered = try await withThrowingTaskGroup(of: Int.self) { tasks in
                for connection in 0..<16 {
                    tasks.addTask {
                        var good = 0
                        for number in 0..<125 {
                            let text = "\(connection)/\(number)"
                            let reply = try await world.request(
                                "/production/predict", body: ByteBuffer(string: text))
                            if reply.status == 200, reply.text == text { good += 1 }
                        }
                        return good
                    }
                }
                tasks.addTask {
                    for step in 0..<40 {
                        try await Task.sleep(for: .milliseconds(5))
                        world.gateway.publish(tables[(step + 1) % 2])
                    }
                    world.gateway.publish(tables[1])
                    return 0
                }
                return try await tasks.reduce(0, +)
            }
            #expect(answered == 2000)
            #expect(one.sightings.requests.count + two.sightings.requests.count == 2000)
            #expect(!two.sightings.requests.isEmpty)
            #expect(world.gateway.inFlight(replica: ReplicaID("old11")) == 0)
            #expect(world.gateway.inFlight(replica: ReplicaID("new11")) == 0)
            #expect(world.observer.failures.isEmpty && world.observer.logs.isEmpty)
        }
    }

    @Test("a request in flight finishes on the replica that left the table, which still counts it")
    func finishesOnOld() async throws {
        try await World.with { world in
            let slot = Slot<Responder>()
            let old = try await world.backend { _, responder in slot.put(responder) }
            let new = try await world.backend()
            world.gateway.publish(table([old.route("old11")]))
            async let first = world.request("/production/predict")
            let responder = try await slot.wait()
            world.gateway.publish(table([new.route("new11")], production: candidate))
            #expect(try await world.request("/production/predict").status == 200)
            #expect(new.sightings.requests.count == 1)
            #expect(world.gateway.inFlight(replica: ReplicaID("old11")) == 1)
            responder.respond("late")
            #expect(try await first.text == "late")
            #expect(world.gateway.inFlight(replica: ReplicaID("old11")) == 0)
        }
    }
}
