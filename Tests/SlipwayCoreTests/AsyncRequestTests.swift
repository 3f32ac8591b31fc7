// The life of an asynchronous request, and what submissions may say.

import SlipwayCore
import Testing

@Suite struct AsyncRequestTests {
    let now = Timestamp(microseconds: 1_000_000_000)
    let broken = AsyncError(code: .predictError, message: "boom")

    func request(webhook: String? = nil, retry: AsyncRetryPolicy = .init()) -> AsyncRequest {
        AsyncRequest(
            id: "r1", modelID: "m1".id(), deploymentID: "d1".id(), environment: "production", priority: 0,
            createdAt: now, maxTimeInQueue: 600, retry: retry, webhook: webhook)
    }

    @Test("queued, in progress, succeeded; without a webhook nothing is due then")
    func success() {
        var request = request()
        #expect(request.status == .queued && request.dueAt == now)
        request.begin(at: now)
        #expect(request.status == .inProgress && request.dueAt == nil && request.attempts == 1)
        request.end(.answered, at: now + .seconds(1))
        #expect(request.status == .succeeded && request.dueAt == nil)
        #expect(request.webhookStatus == .none && request.statusAt == now + .seconds(1))
    }

    @Test("failures are tried again with growing pauses up to the limit, and the last one ends it")
    func retries() {
        var request = request(retry: .init(maxAttempts: 4, initialDelay: 100, maxDelay: 250))
        for pause in [100, 200, 250] {
            request.begin(at: now)
            request.end(.failed(broken, canRetry: true), at: now)
            #expect(request.status == .inProgress && request.dueAt == now + .milliseconds(pause))
        }
        request.begin(at: now)
        request.end(.failed(broken, canRetry: true), at: now)
        #expect(request.status == .failed && request.errors.count == 4 && request.dueAt == nil)
        var invalid = self.request()
        invalid.begin(at: now)
        invalid.end(.failed(broken, canRetry: false), at: now)
        #expect(invalid.status == .failed && invalid.attempts == 1)
    }

    @Test("a full replica is no attempt: it goes back to the queue and may still expire or be cancelled")
    func busy() {
        var request = request(retry: .init(maxAttempts: 1))
        for _ in 0..<10 {
            request.begin(at: now)
            request.end(.busy, at: now)
        }
        #expect(request.status == .queued && request.attempts == 0 && request.errors.isEmpty)
        #expect(request.dueAt == now + AsyncRequest.busyPause)
        let canceled = request.cancel(at: now)
        #expect(canceled)
        #expect(request.status == .canceled && request.dueAt == nil)
    }

    @Test("only queued requests expire or are cancelled; a webhook is not called for them")
    func queueOnly() {
        var late = request(webhook: "https://example.com")
        late.expire(at: now + .seconds(599))
        #expect(late.status == .queued)
        late.expire(at: now + .seconds(600))
        #expect(late.status == .expired && late.webhookStatus == .canceled && !late.awaitsDelivery)
        var running = request()
        running.begin(at: now)
        running.expire(at: now + .seconds(9999))
        let canceled = running.cancel(at: now)
        #expect(!canceled)
        #expect(running.status == .inProgress)
    }

    @Test("a result is delivered at most twice; its loss is told apart from a failed prediction")
    func webhook() {
        var request = request(webhook: "https://example.com")
        request.begin(at: now)
        request.end(.answered, at: now)
        #expect(request.awaitsDelivery && request.dueAt == now)
        request.delivered("it answered 500", canRetry: true, at: now)
        #expect(request.errors.isEmpty)
        #expect(request.status == .succeeded && request.dueAt == now + AsyncRequest.webhookPause)
        request.putOffDelivery(at: now)
        #expect(request.awaitsDelivery && request.webhookTries == 1)
        request.delivered("it answered 500", canRetry: true, at: now)
        #expect(request.errors.map(\.message) == ["The webhook was not delivered: it answered 500"])
        #expect(request.status == .webhookFailed && request.webhookStatus == .failed)
        #expect(request.dueAt == nil)

        var refused = self.request(webhook: "https://example.com")
        refused.begin(at: now)
        refused.end(.failed(broken, canRetry: false), at: now)
        refused.delivered("no", canRetry: false, at: now)
        #expect(refused.status == .failed && refused.webhookStatus == .failed)
    }

    @Test("an attempt that a crash cut off is made again and not counted")
    func recovery() {
        var request = request(retry: .init(maxAttempts: 2))
        request.begin(at: now)
        request.recover(at: now + .seconds(5))
        #expect(request.status == .queued && request.attempts == 0 && request.dueAt == now + .seconds(5))
        request.begin(at: now)
        request.end(.failed(broken, canRetry: true), at: now)
        request.begin(at: now)
        request.recover(at: now)
        #expect(request.status == .inProgress && request.attempts == 1 && request.dueAt == now)
    }

    @Test(
        "what an answer's status means",
        arguments: [
            (200, nil, false), (201, nil, false), (400, .notReady, true), (404, .doesNotExist, false),
            (422, .invalidInput, false), (413, .invalidInput, false), (500, .predictError, true),
            (502, .unavailable, true), (503, .unavailable, true), (504, .timeout, true),
            (501, .internal, true), (302, .internal, true),
        ] as [(Int, AsyncErrorCode?, Bool)])
    func outcomes(status: Int, code: AsyncErrorCode?, retried: Bool) {
        let outcome = AsyncOutcome(status: status, message: "m")
        #expect(
            outcome
                == code.map { .failed(AsyncError(code: $0, message: "m"), canRetry: retried) } ?? .answered)
        #expect(AsyncOutcome(status: 429, message: "") == .busy)
    }
}
