// One attempt at a prediction: the stored input to a replica, its answer as an outcome.

import AsyncHTTPClient
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
        do {
            guard let input = try await store.read({ try $0.asyncInput(request.id) }) else {
                return AsyncAttempt(
                    failed: .internal, "The input is gone.", canRetry: false, status: 500)
            }
            var call = HTTPClientRequest(
                url: "http://\(replica.endpoint.host):\(replica.endpoint.port)\(replica.predictPath)")
            call.method = .POST
            call.headers.add(name: "Content-Type", value: "application/json")
            call.headers.add(name: "X-Baseten-Request-Id", value: request.id)
            call.body = .bytes(input)
            let answer = try await http.execute(
                call, timeout: TimeAmount(dependencies.asyncPredictTimeout))
            let body = try await answer.body.collect(upTo: Self.largestOutput)
            let status = Int(answer.status.code)
            var attempt = AsyncAttempt(
                outcome: AsyncOutcome(
                    status: status, message: String(String(buffer: body).prefix(Self.longestMessage))),
                status: status)
            attempt.requestBytes = input.count
            attempt.responseBytes = body.readableBytes
            if attempt.outcome == .answered {
                let type = answer.headers.first(name: "content-type") ?? "application/json"
                attempt.output = (Data(body.readableBytesView), type)
            }
            return attempt
        } catch is NIOTooManyBytesError {
            return AsyncAttempt(
                failed: .internal, "The answer is larger than \(Self.largestOutput) bytes.", canRetry: false,
                status: 502)
        } catch let error as HTTPClientError where error == .deadlineExceeded || error == .readTimeout {
            return AsyncAttempt(
                failed: .timeout, "The model did not answer in time.", canRetry: true, status: 504)
        } catch {
            return AsyncAttempt(
                failed: .unavailable, "The replica could not be reached.", canRetry: true, status: 502)
        }
    }
}
