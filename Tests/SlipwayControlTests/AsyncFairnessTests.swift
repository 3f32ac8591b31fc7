// What hangs of one deployment's asynchronous work leaves room for another's.

import AsyncHTTPClient
import NIOCore
import SlipwayCore
import SlipwayTestSupport
import Synchronization
import Testing

@testable import SlipwayControl

@Suite struct AsyncFairnessTests {
    /// Answers at once, but for predictions and webhooks that name what hangs.
    private final class Calls: OutgoingCalls {
        private let counts = Mutex((hanging: 0, delivered: 0))

        var hanging: Int { counts.withLock(\.hanging) }
        var delivered: Int { counts.withLock(\.delivered) }

        private func hang() async throws {
            counts.withLock { $0.hanging += 1 }
            try await Task.sleep(for: .seconds(3600))
        }

        func call(
            _ call: ReplicaCall, at endpoint: ReplicaEndpoint, timeout: TimeAmount
        ) async throws -> ReplicaAnswer {
            if String(buffer: call.body).contains("hangs") { try await hang() }
            return ReplicaAnswer(status: 200, body: ByteBuffer(string: "{}"))
        }

        func callOut(_ request: HTTPClientRequest, timeout: TimeAmount) async throws -> CallAnswer {
            if request.url.contains("hangs") { try await hang() }
            counts.withLock { $0.delivered += 1 }
            return CallAnswer(status: 200)
        }
    }

    /// One deployment has more of what hangs than can be under way at once; then another one's request is made and delivered.
    private func play(input: String, webhook: String) async throws {
        let (directory, calls) = (try Directory(), Calls())
        try await World.run(
            in: directory.path, engine: ScriptedEngine(predictConcurrency: 1000),
            adjust: { $0.http = calls }
        ) { world in
            let (greedy, modest) = (try await world.push("greedy"), try await world.push("modest"))
            for deployment in [greedy, modest] { try await world.serves(deployment) }
            func submit(_ input: String, _ webhook: String, to deployment: Deployment) async throws {
                let submission = try AsyncSubmission(
                    input: Array(input.utf8), webhook: webhook, priority: nil, maxTimeInQueue: nil,
                    maxAttempts: nil,
                    initialDelay: nil, maxDelay: nil)
                _ = try await world.control.submit(
                    submission, to: .deployment(deployment.id), of: deployment.modelID, by: world.admin)
            }
            for _ in 0..<AsyncDispatcher.mostAtOnce + 20 { try await submit(input, webhook, to: greedy) }
            try await world.until("all that may be under way hangs") {
                calls.hanging >= AsyncDispatcher.mostAtOnce
            }
            let before = calls.delivered
            try await submit("{}", "https://quick.example.com/", to: modest)
            try await world.until("the other one's request is delivered") { calls.delivered > before }
            #expect(calls.hanging == AsyncDispatcher.mostAtOnce, "what hangs has not grown")
        }
        withExtendedLifetime(directory) {}
    }

    @Test("predictions that hang")
    func predictions() async throws {
        try await play(input: #"{"it": "hangs"}"#, webhook: "https://quick.example.com/")
    }

    @Test("webhooks that hang")
    func webhooks() async throws { try await play(input: "{}", webhook: "https://hangs.example.com/") }
}
