// Which inference requests are let in, and in which order they are checked: key, route, model, right, method.

import NIOHTTP1
import SlipwayCore

/// What becomes of an inference request.
enum Admission {
    case predict(InferenceCall.Request, RouteQuery, DeploymentID)
    case wake(DeploymentID)
    /// `deployment` is set once the client has shown that it may call it.
    case rejected(PlatformError, deployment: DeploymentID? = nil, allow: String? = nil)
}

extension DataPlane {
    /// The key comes first, so that nobody without one learns which models exist.
    func admit(_ call: InferenceCall, _ checked: CheckedRequest) -> Admission {
        let head = checked.head
        let snapshot = table.snapshot.table
        guard let grant = snapshot.grant(authorization: head.headers["authorization"]) else {
            return .rejected(PlatformErrors.unauthorized)
        }
        var admitted: DeploymentID?
        do throws(PlatformError) {
            let request = try call.request.get()
            let destination = RouteQuery(model: call.model, target: request.target, lot: nextLot())
            let deployment = try snapshot.resolve(destination)
            guard grant.allows(.invoke(call.model)) else { throw PlatformErrors.forbidden(call.model) }
            admitted = deployment
            guard let route = snapshot.deployments[deployment] else {
                throw PlatformErrors.unserved(deployment)
            }
            if head.method != .POST {
                switch request.operation {
                case .predict, .wake:
                    return .rejected(
                        PlatformErrors.methodNotAllowed("POST"), deployment: deployment, allow: "POST")
                case .sync: break
                }
            }
            if case .refused(let error) = route.availability { throw error }
            if request.operation == .wake { return .wake(deployment) }
            if let length = checked.contentLength, length > configuration.maxBodyBytes {
                throw PlatformErrors.bodyTooLarge(limit: configuration.maxBodyBytes)
            }
            return .predict(request, destination, deployment)
        } catch {
            return .rejected(error, deployment: admitted)
        }
    }
}
