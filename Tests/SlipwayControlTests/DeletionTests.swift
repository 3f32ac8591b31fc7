// What may be deleted, and what goes with it.

import Foundation
import SlipwayCore
import Testing

@testable import SlipwayControl

@Suite struct DeletionTests {
    @Test(
        "a deployment that serves, is promoted or is the only one stays; a demoted one goes with its replicas"
    )
    func rules() async throws {
        try await World.run { world in
            let first = try await world.push()
            await #expect(throws: ControlError.self, "a candidate") {
                try await world.control.deleteDeployment(first.id, of: first.modelID, by: world.admin)
            }
            try await world.serves(first)
            let second = try await world.push(environment: "production", scaleDownPrevious: false)
            try await world.serves(second)
            let error = await #expect(throws: ControlError.self, "production") {
                try await world.control.deleteDeployment(second.id, of: first.modelID, by: world.admin)
            }
            #expect(error?.message.contains("production") == true)
            await #expect(throws: ControlError.self, "another model") {
                try await world.control.deleteDeployment(
                    first.id, of: ModelID("another1"), by: world.admin)
            }
            try await world.control.deleteDeployment(first.id, of: first.modelID, by: world.admin)
            try await world.until("its replicas end") { world.running(for: first).isEmpty }
            #expect(!FileManager.default.fileExists(atPath: "\(world.directory)/\(first.archiveKey)"))
            #expect(world.route(first) == nil)
        }
    }

    @Test("a model goes with its deployments, replicas, archives and images")
    func model() async throws {
        try await World.run { world in
            let deployment = try await world.push()
            try await world.serves(deployment)
            try await world.control.deleteModel(deployment.modelID, by: world.admin)
            try await world.until("everything is gone") {
                world.engine.running.isEmpty && world.engine.images.isEmpty
                    && world.gateway.table.models.isEmpty
            }
            await #expect(throws: ControlError.self) {
                _ = try await world.control.model(deployment.modelID)
            }
            // The name is free again.
            try await world.push()
        }
    }
}
