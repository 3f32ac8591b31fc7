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

    func execute(_ request: HTTPClientRequest, timeout: TimeAmount) async throws -> HTTPClientResponse {
        guard let url = URL(string: request.url), let port = url.port else {
            throw HTTPClientError.invalidURL
        }
        if url.path == "/hot-reload" { return try await reload(port) }
        return try await predict(port, request)
    }

    /// The model server takes changed code in place, or says why not and goes on with what it had.
    private func reload(_ port: Int) async throws -> HTTPClientResponse {
        try await world.scheduler.sleep(
            world.faultDice.span(.milliseconds(5), .seconds(5), "reload/takes"))
        guard let process = world.machine.process(atPort: port), process.answers else {
            throw HTTPClientError.remoteConnectionClosed
        }
        if world.faultDice.chance(world.weather.startFailures, "reload/refused") {
            return HTTPClientResponse(
                status: .internalServerError, body: .bytes(ByteBuffer(string: "{\"error\":\"it is broken\"}"))
            )
        }
        return HTTPClientResponse(status: .ok, body: .bytes(ByteBuffer()))
    }

    func callOut(_ request: HTTPClientRequest, timeout: TimeAmount) async throws -> CallAnswer {
        try await deliver(request.headers.first(name: "X-BASETEN-REQUEST-ID") ?? "", timeout)
    }

    private func predict(_ port: Int, _ request: HTTPClientRequest) async throws -> HTTPClientResponse {
        guard let process = world.machine.process(atPort: port), process.answers else {
            throw HTTPClientError.connectTimeout
        }
        try await world.scheduler.sleep(
            world.faultDice.span(.milliseconds(10), .seconds(10), "async/predicts-for"))
        guard let after = world.machine.process(atPort: port), !after.hasExited else {
            throw HTTPClientError.remoteConnectionClosed
        }
        world.queue.predicted(request.headers.first(name: "X-Baseten-Request-Id") ?? "", life: life)
        let body = ByteBuffer(string: "{\"ok\":true}")
        return HTTPClientResponse(
            status: .ok, headers: ["content-type": "application/json"], body: .bytes(body))
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

    func shutdown() async {}
}
