// Which inference requests are let in, and in which order they are checked: key, route, model, right, method.

import SlipwayCore

/// What becomes of an inference request.
enum Admission {
    case predict(InferenceOperation, RouteQuery, DeploymentID)
    case wake(DeploymentID)
    /// `deployment` is set once the client has shown that it may call it.
    case rejected(PlatformError, deployment: DeploymentID? = nil, allow: String? = nil)
}

extension LoopServices {
    /// The key comes first, so that nobody without one learns which models exist.
    ///
    /// - Parameter opensTunnel: whether a bare connection is asked for instead of a prediction.
    func admit(_ call: InferenceCall, _ request: ReceivedRequest, opensTunnel: Bool) -> Admission {
        let snapshot = snapshot
        guard request.head.authorizations == 1,
            let digest = KeyDigest(authorization: request.text(request.head.authorization)),
            let grant = snapshot.table.keys[digest]
        else { return .rejected(PlatformErrors.unauthorized) }
        var admitted: DeploymentID?
        do throws(PlatformError) {
            var wanted = try call.request.get()
            if opensTunnel, case .predict = wanted.operation { wanted.operation = .tunnel }
            let query = RouteQuery(model: call.model, target: wanted.target, lot: plane.nextLot())
            let deployment = try snapshot.table.resolve(query)
            guard grant.allows(.invoke(call.model)) else { throw PlatformErrors.forbidden(call.model) }
            admitted = deployment
            guard let route = snapshot.table.deployments[deployment] else {
                throw PlatformErrors.unserved(deployment)
            }
            if let allowed = wanted.operation.onlyMethod, request.head.method != allowed.method {
                return .rejected(
                    PlatformErrors.methodNotAllowed(allowed.name), deployment: deployment, allow: allowed.name
                )
            }
            if case .refused(let error) = route.availability { throw error }
            switch wanted.operation {
            case .wake:
                guard request.head.body.isNearlyNothing else { throw PlatformErrors.wakeTakesNothing }
                return .wake(deployment)
            case .websocket where !request.head.wantsWebSocket: throw PlatformErrors.notAnUpgrade
            case .websocket, .predict, .sync, .tunnel: break
            }
            if case .bytes(let length) = request.head.body, length > plane.configuration.maxBodyBytes {
                throw PlatformErrors.bodyTooLarge(limit: plane.configuration.maxBodyBytes)
            }
            return .predict(wanted.operation, query, deployment)
        } catch {
            return .rejected(error, deployment: admitted)
        }
    }
}

extension InferenceOperation {
    /// A model's own routes take every method.
    fileprivate var onlyMethod: (method: RequestHead.Method, name: String)? {
        switch self {
        case .predict, .wake: (.post, "POST")
        case .websocket: (.get, "GET")
        case .sync, .tunnel: nil
        }
    }
}
