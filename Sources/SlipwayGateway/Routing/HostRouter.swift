// Where a request goes, from its Host header and path alone. Pure; called by the client connection for every
// request.

import SlipwayCore

/// Which of the gateway's listeners a connection came in on.
enum ListenerKind: Sendable {
    /// Inference, management, uploads and the app, told apart by the host.
    case main
    /// Inference only.
    case inference
}

/// Which of a model's deployments a path names.
enum InferenceTarget: Sendable, Hashable {
    case development
    case environment(String)
    case deployment(DeploymentID)
}

/// What the client wants from the deployment.
enum InferenceOperation: Sendable, Equatable {
    /// `query` is the text after `?`, nil without one.
    case predict(query: String?)
    case wake
    /// The URI to ask the replica for, with its query as received.
    case sync(uri: String)
}

/// A model and, if path and operation are understood, what is asked of it.
struct InferenceCall: Sendable, Equatable {
    struct Request: Sendable, Equatable {
        var target: InferenceTarget
        var operation: InferenceOperation
    }

    var model: ModelID
    /// The failure is answered only after the key was found good.
    var request: Result<Request, PlatformError>
}

enum Destination: Sendable, Equatable {
    case inference(InferenceCall)
    /// The management server of this process: API, uploads, app.
    case management
    /// The management server too, since these calls are kept on disk: submission, status and queue of
    /// asynchronous predictions. The URI is the path form, with the model and the target in it.
    case asynchronous(uri: String)
    /// The inference listener was asked for something else.
    case nowhere
}

enum HostRouter {
    /// - Parameters:
    ///   - host: the Host header, with or without a port; any case.
    ///   - uri: path and query in origin form.
    static func route(host: String, uri: String, listener: ListenerKind) -> Destination {
        let (path, query) = split(uri)
        let labels = hostLabels(host)
        if let first = labels.first, first.hasPrefix("model-") {
            let name = first.dropFirst("model-".count)
            guard let dash = name.firstIndex(of: "-") else {
                let uri = asynchronousURI("/model/\(name)", path)
                return uri ?? .inference(named(ModelID(String(name)), segments: path, query: query))
            }
            let (model, environment) = (name[..<dash], String(name[name.index(after: dash)...]))
            let prefix = path.first == "async_request" ? "" : "/environments/\(environment)"
            return asynchronousURI("/model/\(model)\(prefix)", path)
                ?? .inference(
                    regional(ModelID(String(model)), environment, segments: path, query: query))
        }
        if !isUploadHost(labels), path.count >= 2, path[0] == "model" {
            let rest = Array(path.dropFirst(2))
            return asynchronousURI("/model/\(path[1])", rest)
                ?? .inference(named(ModelID(String(path[1])), segments: rest, query: query))
        }
        return listener == .main ? .management : .nowhere
    }

    /// Whether the path, without the model, is one of the calls about asynchronous predictions.
    private static func asynchronousURI(_ model: String, _ segments: [Substring]) -> Destination? {
        let isRequest = segments.first == "async_request" && (2...3).contains(segments.count)
        let names = segments.last == "async_predict" || segments.last == "async_queue_status"
        let isQueue =
            switch (segments.first, segments.count) {
            case ("production", 2), ("development", 2), ("environments", 3), ("deployment", 3), (_, 1): names
            default: false
            }
        return isRequest || isQueue
            ? .asynchronous(uri: "\(model)/\(segments.joined(separator: "/"))") : nil
    }

    /// `model-{id}`: the path names the deployment, then the operation.
    private static func named(_ model: ModelID, segments: [Substring], query: Substring?) -> InferenceCall {
        let target: InferenceTarget
        let rest: ArraySlice<Substring>
        switch segments.first {
        case "production": (target, rest) = (.environment("production"), segments.dropFirst())
        case "development": (target, rest) = (.development, segments.dropFirst())
        case "environments" where segments.count >= 2:
            (target, rest) = (.environment(String(segments[1])), segments.dropFirst(2))
        case "deployment" where segments.count >= 2:
            (target, rest) = (.deployment(DeploymentID(String(segments[1]))), segments.dropFirst(2))
        default:
            return InferenceCall(model: model, request: .failure(PlatformErrors.unknownPath))
        }
        return InferenceCall(
            model: model,
            request: operation(rest, query: query).map { .init(target: target, operation: $0) })
    }

    /// `model-{id}-{env}`: the host names the environment, the path is the operation alone.
    private static func regional(
        _ model: ModelID, _ environment: String, segments: [Substring], query: Substring?
    ) -> InferenceCall {
        switch segments.first {
        case "production", "development", "environments", "deployment":
            return InferenceCall(model: model, request: .failure(PlatformErrors.pathRoutingOnRegionalHost))
        default:
            return InferenceCall(
                model: model,
                request: operation(segments[...], query: query).map {
                    .init(target: .environment(environment), operation: $0)
                })
        }
    }

    private static func operation(
        _ segments: ArraySlice<Substring>, query: Substring?
    ) -> Result<InferenceOperation, PlatformError> {
        guard let name = segments.first else { return .failure(PlatformErrors.unknownPath) }
        if name == "sync" {
            let path = "/" + segments.dropFirst().joined(separator: "/")
            return .success(.sync(uri: query.map { "\(path)?\($0)" } ?? path))
        }
        guard segments.count == 1 else { return .failure(PlatformErrors.unknownPath) }
        switch name {
        case "predict": return .success(.predict(query: query.map(String.init)))
        case "wake": return .success(.wake)
        case "websocket", "run_remote", "async_run_remote":
            return .failure(PlatformErrors.notBuilt(String(name)))
        default: return .failure(PlatformErrors.unknownPath)
        }
    }

    /// `/a/b/?q` → `["a", "b", ""]` and `q`. A URI that does not start with a slash has no segments.
    private static func split(_ uri: String) -> (segments: [Substring], query: Substring?) {
        let mark = uri.firstIndex(of: "?")
        let path = uri[..<(mark ?? uri.endIndex)]
        let query = mark.map { uri[uri.index(after: $0)...] }
        guard path.first == "/" else { return ([], query) }
        return (path.dropFirst().split(separator: "/", omittingEmptySubsequences: false), query)
    }

    /// Lower-case labels without the port.
    private static func hostLabels(_ host: String) -> [Substring] {
        host.lowercased().prefix { $0 != ":" }.split(separator: ".", omittingEmptySubsequences: false)
    }

    /// `s3.…` and `{bucket}.s3.…`: object keys are free, so `/model/…` there is an object, not a model.
    private static func isUploadHost(_ labels: [Substring]) -> Bool {
        labels.first == "s3" || (labels.count >= 2 && labels[1] == "s3")
    }
}
