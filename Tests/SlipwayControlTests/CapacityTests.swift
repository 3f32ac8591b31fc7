// GPUs that run out.

import SlipwayCore
import SlipwayTestSupport
import Testing

@testable import SlipwayControl

@Suite struct GPUCapacityTests {
    @Test(
        "a deployment without a GPU says what it waits for and starts when one is free; adopted replicas keep theirs"
    )
    func waits() async throws {
        let directory = try Directory()
        let engine = ScriptedEngine()
        let machine = Machine(
            millicpu: 4000, memoryMiB: 8192, gpus: [GPU(index: 3, type: "L4", memoryMiB: 23034)])
        let adjust: @Sendable (inout ControlDependencies) -> Void = { dependencies in
            dependencies.catalogue = .standard(for: machine)
            dependencies.capacity = Capacity(machine: machine)
        }
        let resources = "resources:\n  accelerator: L4\n"
        try await World.run(in: directory.path, engine: engine, adjust: adjust) { world in
            let first = try await world.push("first", extra: resources)
            try await world.serves(first)
            #expect(world.started(for: first).map(\.reservation.gpus) == [[3]])
            let second = try await world.push("second", extra: resources)
            try await world.until("it waits") {
                try await world.now(second).statusReason == "Waiting for 1 × L4, 0 free."
            }
            #expect(try await world.now(second).status == .deploying)
            #expect(world.started(for: second).isEmpty)
            let plain = try await world.push("plain")
            try await world.serves(plain)
            #expect(world.started(for: plain).map(\.reservation.gpus) == [[]])
            try await world.control.deactivate(.id(first.id), of: first.modelID, by: world.admin)
            try await world.until("the GPU is free") {
                world.clock.advance(.seconds(1))
                return try await world.now(second).status == .active
            }
            #expect(world.started(for: second).map(\.reservation.gpus) == [[3]])
        }
        let next = ScriptedEngine(running: engine.running, images: engine.images)
        try await World.run(in: directory.path, engine: next, adjust: adjust) { world in
            let third = try await world.push("third", extra: resources)
            try await world.until("it waits") {
                try await world.now(third).statusReason == "Waiting for 1 × L4, 0 free."
            }
        }
        withExtendedLifetime(directory) {}
    }
}
