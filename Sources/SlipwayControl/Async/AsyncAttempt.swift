// One attempt at a prediction: the stored input to a replica, its answer as an outcome.

import AsyncHTTPClient
import Foundation
import NIOCore
import SlipwayCore

extension AsyncDispatcher {
    /// The largest answer that is kept, in bytes.
    static let largestOutput = 16 << 20
    /// Of an error answer, this much becomes the error's message.
    static let longestMessage = 2000

    typealias Output = (body: Data, type: String)

    func attempt(_ request: AsyncRequest, on replica: ReadyReplica) async -> (AsyncOutcome, Output?) {
        do {
            guard let input = try await store.read({ try $0.asyncInput(request.id) }) else {
                return (failure(.internal, "The input is gone.", canRetry: false), nil)
            }
            var call = HTTPClientRequest(
                url: "http://\(replica.endpoint.host):\(replica.endpoint.port)\(replica.predictPath)")
            call.method = .POST
            call.headers.add(name: "Content-Type", value: "application/json")
            call.headers.add(name: "X-Baseten-Request-Id", value: request.id)
            call.body = .bytes(input)
            let answer = try await http.execute(call, timeout: TimeAmount(dependencies.asyncPredictTimeout))
            let body = try await answer.body.collect(upTo: Self.largestOutput)
            let outcome = AsyncOutcome(
                status: Int(answer.status.code),
                message: String(String(buffer: body).prefix(Self.longestMessage)))
            guard outcome == .answered else { return (outcome, nil) }
            let type = answer.headers.first(name: "content-type") ?? "application/json"
            return (outcome, (Data(body.readableBytesView), type))
        } catch is NIOTooManyBytesError {
            return (
                failure(.internal, "The answer is larger than \(Self.largestOutput) bytes.", canRetry: false),
                nil
            )
        } catch let error as HTTPClientError where error == .deadlineExceeded || error == .readTimeout {
            return (failure(.timeout, "The model did not answer in time.", canRetry: true), nil)
        } catch {
            return (failure(.unavailable, "The replica could not be reached.", canRetry: true), nil)
        }
    }

    private func failure(_ code: AsyncErrorCode, _ message: String, canRetry: Bool) -> AsyncOutcome {
        .failed(AsyncError(code: code, message: message), canRetry: canRetry)
    }
}
