// /v1/models/{model_id}/deployments/{deployment_id}/patches: live patches of the development deployment.

import Foundation
import Hummingbird
import SlipwayAPI
import SlipwayControl
import SlipwayCore
import SlipwayTruss

enum PatchRoutes {
    private static let base = "/v1/models/{model_id}/deployments/{deployment_id}/patches"

    static func collection(_ services: Services) -> RouteCollection<ServerContext> {
        let control = services.control
        let routes = RouteCollection(context: ServerContext.self)
        routes.operation(.post, "\(base)") { call in
            let (model, id) = (try call.modelID, try call.deploymentID)
            let body = try await call.body(as: CreateDeploymentPatchRequestV1.self)
            try await control.requireDevelopment(id, of: model)
            let point = try valid { () throws(PatchProblem) in
                try PatchPoint(
                    contentHashes: body.nextPatchPoint.contentHashes, config: body.nextPatchPoint.config,
                    requirements: body.nextPatchPoint.requirements)
            }
            let outcome = try await control.stagePatch(
                clientForm(body, point), of: model, keepsUnpatchable: true, by: call.caller)
            switch outcome {
            case .done: return CreateDeploymentPatchResponseV1(patchPoint: .init(point, hash: point.hash))
            case .stale:
                throw ControlError.conflict(
                    "prev_patch_hash: the patch builds on a state that is not the newest one.")
            case .refused(let reason, _): throw ControlError.validation(reason)
            }
        }
        routes.operation(.get, "\(base)/state") { call in
            let (model, id) = (try call.modelID, try call.deploymentID)
            try await control.requireDevelopment(id, of: model)
            guard let state = try await control.patchState(of: model) else {
                throw ControlError.unavailable(
                    "The source of deployment \(id) is not known before its build; ask again.")
            }
            return GetDeploymentPatchesStateResponseV1(
                running: try .init(state.running), pending: try state.pending.map { try .init($0) })
        }
        routes.operation(.post, "\(base)/sync") { call in
            let (model, id) = (try call.modelID, try call.deploymentID)
            _ = try await call.body(as: EmptyRequest.self)
            try await control.requireDevelopment(id, of: model)
            switch try await control.syncPatches(of: model, by: call.caller) {
            case .done: return SyncDeploymentPatchesResponseV1(needsFullDeployReason: nil)
            case .refused(let reason, true):
                return SyncDeploymentPatchesResponseV1(needsFullDeployReason: reason)
            case .refused(let reason, false): throw ControlError.validation(reason)
            case .stale: throw ControlError.unavailable("The deployment was changed meanwhile; sync again.")
            }
        }
        return routes
    }

    /// The patch as the official client's GraphQL call brings it, which is how it is stored.
    private static func clientForm(
        _ body: CreateDeploymentPatchRequestV1, _ point: PatchPoint
    ) throws -> Data {
        let operations = try body.patchOps.map { operation -> [String: Any] in
            guard
                var members = try JSONSerialization.jsonObject(with: Data(WireJSON.encode(operation.json)))
                    as? [String: Any]
            else { throw Refusal.validation("patch_ops: expected objects.") }
            return ["type": members.removeValue(forKey: "type") ?? NSNull(), "body": members]
        }
        return try JSONSerialization.data(withJSONObject: [
            "prev_hash": body.prevPatchHash, "next_hash": point.hash, "next_signature": point.signature,
            "patch_ops": operations,
        ])
    }

    fileprivate static func valid<Value>(_ body: () throws(PatchProblem) -> Value) throws -> Value {
        do throws(PatchProblem) {
            return try body()
        } catch {
            throw Refusal.validation(error.description)
        }
    }
}

extension DeploymentPatchPointWithHashV1 {
    fileprivate init(_ point: PatchPoint, hash: String) {
        self.init(
            contentHashes: point.contentHashes, config: point.config, requirements: point.requirements,
            hash: hash)
    }

    fileprivate init(_ stored: PatchState.Point) throws {
        self.init(
            try PatchRoutes.valid { () throws(PatchProblem) in try PatchPoint(signature: stored.signature) },
            hash: stored.hash)
    }
}
