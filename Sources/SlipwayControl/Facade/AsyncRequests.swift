// Asynchronous predictions as clients see them: submitted, looked at, cancelled. Behaviour.md section 7.

import Foundation
import SlipwayCore
import SlipwayStore

/// Where a submission is to go.
public enum AsyncTarget: Sendable, Equatable {
    case development
    case environment(String)
    case deployment(DeploymentID)
}

/// How many requests of a deployment wait and how many are under way.
public struct AsyncQueueView: Sendable, Equatable {
    public var deploymentID: DeploymentID
    public var queued: Int
    public var inProgress: Int
}

/// Why a request has no output, with what went wrong last.
public struct AsyncOutputMissing: Error, Sendable, Equatable {
    public var status: AsyncStatus
    public var message: String

    init(_ request: AsyncRequest) {
        status = request.status
        let last = request.errors.last.map { ": \($0.code.rawValue) \($0.message)" } ?? "."
        message = "Request \(request.id) is \(status.rawValue) and has no output\(last)"
    }
}

extension ControlPlane {
    /// Signing secrets stay valid this long beside a new one.
    static let secretOverlap: Duration = .seconds(24 * 3600)

    /// - Returns: the request's id; the request is durable by then.
    /// - Throws: `ControlError.notFound`, or `.unavailable` when the deployment cannot serve.
    public func submit(
        _ submission: AsyncSubmission, to target: AsyncTarget, of model: ModelID, by caller: Caller
    ) async throws -> String {
        try caller.require(.invoke(model))
        let now = now
        let id = Self.newRequestID()
        try await store.write { db in
            let deployment = try db.deployment(for: target, of: model)
            guard deployment.status.canServe else {
                throw ControlError.unavailable(
                    "Deployment \(deployment.id) is \(deployment.status.rawValue).")
            }
            var environment: String?
            if case .environment(let name) = target { environment = name }
            try db.insert(
                AsyncRequest(
                    id: id, modelID: model, deploymentID: deployment.id, environment: environment,
                    priority: submission.priority, createdAt: now, maxTimeInQueue: submission.maxTimeInQueue,
                    retry: submission.retry, webhook: submission.webhook), input: Data(submission.input))
        }
        board.ring()
        return id
    }

    public func asyncRequest(_ id: String, of model: ModelID, by caller: Caller) async throws -> AsyncRequest
    {
        try caller.require(.invoke(model))
        return try await store.read { try $0.existingRequest(id, of: model) }
    }

    /// - Returns: whether it was still queued and is cancelled now.
    public func cancelAsyncRequest(
        _ id: String, of model: ModelID, by caller: Caller
    ) async throws -> (canceled: Bool, status: AsyncStatus) {
        try caller.require(.invoke(model))
        let now = now
        return try await store.write { db in
            var request = try db.existingRequest(id, of: model)
            let canceled = request.cancel(at: now)
            if canceled { try db.update(request) }
            return (canceled, request.status)
        }
    }

    /// The model's answer.
    /// - Throws: `AsyncOutputMissing` when there is none (yet or any more).
    public func asyncOutput(
        _ id: String, of model: ModelID, by caller: Caller
    ) async throws -> (body: Data, type: String) {
        try caller.require(.invoke(model))
        return try await store.read { db in
            let request = try db.existingRequest(id, of: model)
            guard let output = try db.asyncOutput(id) else {
                throw AsyncOutputMissing(request)
            }
            return output
        }
    }

    public func asyncQueue(
        of target: AsyncTarget, model: ModelID, by caller: Caller
    ) async throws -> AsyncQueueView {
        try caller.require(.invoke(model))
        return try await store.read { db in
            let deployment = try db.deployment(for: target, of: model)
            return AsyncQueueView(
                deploymentID: deployment.id,
                queued: try db.countAsyncRequests(of: deployment.id, .queued),
                inProgress: try db.countAsyncRequests(of: deployment.id, .inProgress))
        }
    }

    /// Makes the secret that signs deliveries from now on; earlier ones sign beside it for a day.
    /// - Returns: its text, shown once.
    public func createWebhookSecret(by caller: Caller) async throws -> (id: String, text: String) {
        let now = now
        let id = KeyText.generate().prefix
        let text = "whsec_" + KeyText.secret()
        let sealed = try dependencies.secretBox.seal(text, context: "webhook/\(id)")
        try await store.write { db in
            let rotates = try db.webhookSecrets().contains { $0.ends_at == nil }
            try db.endWebhookSecrets(at: now + Self.secretOverlap, now: now)
            try db.insert(WebhookSecret(id: id, sealed: sealed, createdAt: now))
            try db.record(
                rotates ? .webhookSecret(rotated: id) : .webhookSecret(created: id), by: caller, at: now)
        }
        return (id, text)
    }

    /// Secrets that sign now, newest first, without their texts.
    public func webhookSecrets() async throws -> [WebhookSecret] {
        let now = now
        return try await store.read { try $0.webhookSecrets() }.filter { $0.ends_at.map { now < $0 } ?? true }
    }

    /// 32 hex digits.
    private static func newRequestID() -> String {
        var random = Randomness()
        return KeyText.hex((0..<16).map { _ in UInt8.random(in: .min ... .max, using: &random) })
    }
}

extension StoreReader {
    fileprivate func existingRequest(_ id: String, of model: ModelID) throws -> AsyncRequest {
        guard let request = try asyncRequest(id), request.modelID == model else {
            throw ControlError.notFound("Model \(model) has no asynchronous request \(id).")
        }
        return request
    }

    fileprivate func deployment(for target: AsyncTarget, of model: ModelID) throws -> Deployment {
        switch target {
        case .development: return try existing(.development, of: model)
        case .deployment(let id): return try existing(.id(id), of: model)
        case .environment(let name):
            _ = try existing(model)
            // As for synchronous calls: until something was promoted, what there is serves production.
            let environment = try existing(name, of: model)
            if let id = environment.currentDeploymentID, let deployment = try deployment(id) {
                return deployment
            }
            let newcomer = try environment.newcomer(runningPromotions()) { id in
                try deployment(id)?.status == .active
            }
            if let newcomer, let deployment = try deployment(newcomer) { return deployment }
            guard name == Environment.production, let only = try developmentDeployment(of: model) else {
                throw ControlError.notFound("Environment \(name) of model \(model) has no deployment.")
            }
            return only
        }
    }
}
