// Calls a server makes: predictions of asynchronous requests to replicas, results to webhooks.

import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import SlipwayControl
import SlipwayCore

final class SimulatedCalls: OutgoingCalls, @unchecked Sendable {
    private let world: World

    /// Of the server whose calls these are.
    private let life: Int

    init(world: World) {
        self.world = world
        life = world.serverCrashes
    }

    func callOut(_ request: HTTPClientRequest, timeout: TimeAmount) async throws -> CallAnswer {
        try await deliver(request.headers.first(name: "X-BASETEN-REQUEST-ID") ?? "", timeout)
    }

    func call(
        _ call: ReplicaCall, at endpoint: ReplicaEndpoint, timeout: TimeAmount
    ) async throws -> ReplicaAnswer {
        guard let process = world.machine.process(atPort: endpoint.port), process.answers else {
            throw ReplicaCallError.lost("nothing listens there")
        }
        if call.path == "/hot-reload" { return try await reload(endpoint.port) }
        try await world.scheduler.sleep(
            world.faultDice.span(.milliseconds(10), .seconds(10), "async/predicts-for"))
        guard let after = world.machine.process(atPort: endpoint.port), !after.hasExited else {
            throw ReplicaCallError.lost("the connection ended")
        }
        world.queue.predicted(call.headers.first(name: "X-Baseten-Request-Id") ?? "", life: life)
        return ReplicaAnswer(
            status: 200, contentType: "application/json", body: ByteBuffer(string: "{\"ok\":true}"))
    }

    /// The model server takes changed code in place, or says why not and goes on with what it had.
    private func reload(_ port: Int) async throws -> ReplicaAnswer {
        try await world.scheduler.sleep(
            world.faultDice.span(.milliseconds(5), .seconds(5), "reload/takes"))
        guard let process = world.machine.process(atPort: port), process.answers else {
            throw ReplicaCallError.lost("the connection ended")
        }
        let isRefused = world.faultDice.chance(world.weather.startFailures, "reload/refused")
        if !isRefused { world.machine.processes[process.spec.replicaID]?.code = process.image }
        world.note("replica \(process.spec.replicaID) \(isRefused ? "refuses" : "takes") changed code")
        return ReplicaAnswer(
            status: isRefused ? 500 : 200, contentType: "application/json",
            body: ByteBuffer(string: isRefused ? "{\"error\":\"it is broken\"}" : "{}"))
    }

    private func deliver(_ id: String, _ timeout: TimeAmount) async throws -> CallAnswer {
        try await world.scheduler.sleep(world.faultDice.span(.milliseconds(5), .seconds(2), "webhook/takes"))
        guard world.faultDice.chance(world.weather.webhookFailures, "webhook/fails") else {
            world.queue.delivered(id)
            return CallAnswer(status: 200)
        }
        if world.faultDice.chance(0.5, "webhook/refuses") { return CallAnswer(status: 503) }
        try await world.scheduler.sleep(.nanoseconds(timeout.nanoseconds))
        throw HTTPClientError.deadlineExceeded
    }
}
