// One attempt at a prediction: the stored input to a replica, its answer as an outcome.

import Foundation
import NIOCore
import SlipwayCore

/// How an attempt ended.
struct AsyncAttempt: Sendable {
    var outcome: AsyncOutcome
    /// What the model answered, if that is the end of the prediction.
    var output: (body: Data, type: String)?
    /// HTTP status of the answer, or the one that says best why there was none.
    var status: Int
    var requestBytes = 0
    var responseBytes = 0

    init(failed code: AsyncErrorCode, _ message: String, canRetry: Bool, status: Int) {
        outcome = .failed(AsyncError(code: code, message: message), canRetry: canRetry)
        self.status = status
    }

    init(outcome: AsyncOutcome, status: Int) {
        self.outcome = outcome
        self.status = status
    }
}

extension AsyncDispatcher {
    /// The largest answer that is kept, in bytes.
    static let largestOutput = 16 << 20
    /// Of an error answer, this much becomes the error's message.
    static let longestMessage = 2000

    func attempt(_ request: AsyncRequest, on replica: ReadyReplica) async -> AsyncAttempt {
        let input: Data
        do {
            guard let stored = try await store.read({ try $0.asyncInput(request.id) }) else {
                return AsyncAttempt(
                    failed: .internal, "The input is gone.", canRetry: false, status: 500)
            }
            input = stored
        } catch {
            // The replica has nothing to do with it: this is no attempt.
            logger.error("cannot read an asynchronous request", metadata: ["error": "\(error)"])
            return AsyncAttempt(outcome: .busy, status: 503)
        }
        do {
            let answer = try await http.call(
                ReplicaCall(
                    .POST, replica.predictPath,
                    headers: ["Content-Type": "application/json", "X-Baseten-Request-Id": request.id],
                    body: ByteBuffer(bytes: input), maxAnswer: Self.largestOutput),
                at: replica.endpoint, timeout: TimeAmount(dependencies.asyncPredictTimeout))
            let body = answer.body
            var attempt = AsyncAttempt(
                outcome: AsyncOutcome(
                    status: answer.status,
                    message: String(String(buffer: body).prefix(Self.longestMessage))),
                status: answer.status)
            attempt.requestBytes = input.count
            attempt.responseBytes = body.readableBytes
            if attempt.outcome == .answered {
                attempt.output = (Data(body.readableBytesView), answer.contentType ?? "application/json")
            }
            return attempt
        } catch ReplicaCallError.answerTooLarge {
            return AsyncAttempt(
                failed: .internal, "The answer is larger than \(Self.largestOutput) bytes.", canRetry: false,
                status: 502)
        } catch ReplicaCallError.headTooLarge {
            return AsyncAttempt(
                failed: .internal, "The head of the model's answer is larger than 80 KiB.", canRetry: false,
                status: 502)
        } catch ReplicaCallError.timedOut {
            return AsyncAttempt(
                failed: .timeout, "The model did not answer in time.", canRetry: true, status: 504)
        } catch {
            return AsyncAttempt(
                failed: .unavailable, "The replica could not be reached.", canRetry: true, status: 502)
        }
    }
}
