// One delivery of a result: the documented payload, signed with every secret that is valid now.

import AsyncHTTPClient
import Crypto
import Foundation
import NIOCore
import SlipwayCore
import SlipwayStore

/// How a delivery ended; no problem means any 2xx answer.
struct WebhookDelivery: Sendable {
    var problem: String?
    var canRetry = false
    /// Nothing was sent, for a reason of this server.
    var isNoTry = false
}

extension AsyncDispatcher {
    static let deliveryTimeout: TimeAmount = .seconds(10)
    /// Statuses after which a second try makes sense (behaviour.md section 7.4).
    private static let retriable: Set<Int> = [500, 502, 503, 504]

    func post(_ request: AsyncRequest) async -> WebhookDelivery {
        guard let webhook = request.webhook else { return WebhookDelivery(problem: "it has no address") }
        let (body, signed): (Data, String?)
        do {
            body = try await payload(of: request)
            signed = try await signature(of: body)
        } catch {
            return WebhookDelivery(problem: "its content could not be read", isNoTry: true)
        }
        do {
            var call = HTTPClientRequest(url: webhook)
            call.method = .POST
            call.headers.add(name: "Content-Type", value: "application/json")
            call.headers.add(name: "X-BASETEN-REQUEST-ID", value: request.id)
            if let signed { call.headers.add(name: "X-BASETEN-SIGNATURE", value: signed) }
            call.body = .bytes(body)
            let answer = try await http.callOut(call, timeout: Self.deliveryTimeout)
            if answer.isGood { return WebhookDelivery() }
            return WebhookDelivery(
                problem: "it answered \(answer.status)", canRetry: Self.retriable.contains(answer.status))
        } catch let refusal as CallRefused {
            return WebhookDelivery(problem: "\(refusal)")
        } catch {
            return WebhookDelivery(
                problem: "it could not be reached: \(CallProblem.text(of: error))", canRetry: true)
        }
    }

    private func payload(of request: AsyncRequest) async throws -> Data {
        let output = try await store.read { try $0.asyncOutput(request.id) }
        struct Envelope: Encodable {
            var request_id, model_id, deployment_id, type, time: String
            var errors: [AsyncError]
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let seconds = Double(request.statusAt.microseconds) / 1e6
        var text = try encoder.encode(
            Envelope(
                request_id: request.id, model_id: request.modelID.text,
                deployment_id: request.deploymentID.text, type: "async_request_completed",
                time: Date(timeIntervalSince1970: seconds).formatted(
                    .iso8601.time(includingFractionalSeconds: true)), errors: request.errors))
        // The output goes in as the model wrote it: reading and writing it again could change its numbers.
        text.removeLast()
        text.append(contentsOf: Array(",\"data\":".utf8))
        text.append(try output.map { try Self.json($0.body) } ?? Data("null".utf8))
        text.append(UInt8(ascii: "}"))
        return text
    }

    /// JSON as it is, anything else as a string.
    private static func json(_ body: Data) throws -> Data {
        if (try? JSONSerialization.jsonObject(with: body, options: .fragmentsAllowed)) != nil { return body }
        return try JSONEncoder().encode(String(decoding: body, as: UTF8.self))
    }

    /// `v1=…` per valid secret, newest first; nil without any.
    private func signature(of body: Data) async throws -> String? {
        let now = dependencies.now()
        let signatures = try await store.read { try $0.webhookSecrets() }
            .filter { $0.ends_at.map { now < $0 } ?? true }
            .map { secret in
                let text = try dependencies.secretBox.open(secret.sealed, context: "webhook/\(secret.id)")
                let code = HMAC<SHA256>.authenticationCode(
                    for: body, using: SymmetricKey(data: Data(text.utf8)))
                return "v1=" + KeyText.hex(code)
            }
        return signatures.isEmpty ? nil : signatures.joined(separator: ",")
    }
}
