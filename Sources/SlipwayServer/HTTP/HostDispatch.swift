// The first decision about a request: management API, uploads or app, by the first labels of its host.
// Called by Hummingbird for every request on the socket.

import Hummingbird
import Logging
import SlipwayDashboard

/// The faces of the management plane.
enum Site: Equatable {
    case api
    case uploads
    case app
    /// Calls on the hosts of models that the gateway passes on.
    case inference

    /// - Parameters:
    ///   - host: the `Host` header, with or without a port.
    ///   - path: the request's path.
    init(host: String, path: String, bucket: String) {
        let labels = host.lowercased().split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)[
            0
        ]
        .split(separator: ".", omittingEmptySubsequences: false)
        switch labels.first {
        case "s3": self = .uploads
        case .some(Substring(bucket)) where labels.dropFirst().first == "s3": self = .uploads
        case _ where path.hasPrefix(AsyncRouter.prefix): self = .inference
        case "api": self = .api
        default: self = .app
        }
    }
}

struct HostDispatch: HTTPResponder {
    let api: RouterResponder<ServerContext>
    let app: RouterResponder<ServerContext>
    let inference: RouterResponder<ServerContext>
    let uploads: UploadResponder
    let dashboard: Dashboard

    func respond(to request: Request, context: ServerContext) async throws -> Response {
        let start = ContinuousClock.now
        var response: Response
        let site = Site(
            host: request.head.authority ?? "", path: request.uri.path, bucket: uploads.service.bucket)
        switch site {
        case .api: response = try await api.respond(to: request, context: context)
        case .app where AppRouter.isForPeople(request.uri.path):
            response = try await dashboard.respond(
                to: request, core: context.coreContext, requestID: context.requestID)
        case .app: response = try await app.respond(to: request, context: context)
        case .inference: response = try await inference.respond(to: request, context: context)
        case .uploads: response = await uploads.respond(to: request, context: context)
        }
        response.headers[.requestID] = context.requestID
        context.logger.debug(
            "request",
            metadata: [
                "site": "\(site)", "method": "\(request.method)",
                "route": "\(context.endpointPath ?? "-")", "status": "\(response.status.code)",
                "ms": "\((ContinuousClock.now - start) / .milliseconds(1))",
            ])
        return response
    }
}
