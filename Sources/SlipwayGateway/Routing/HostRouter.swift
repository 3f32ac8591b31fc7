// Where a request goes, from its Host header and path alone. Pure; called by the client connection for every
// request.

import SlipwayCore

/// Which of a model's deployments a path names.
enum InferenceTarget: Sendable, Hashable {
    case development
    case environment(String)
    case deployment(DeploymentID)

    /// By the name of an environment; `development` is reserved and stands for the development deployment.
    static func named(_ name: String) -> InferenceTarget {
        name == "development" ? .development : .environment(name)
    }
}

/// What the client wants from the deployment.
enum InferenceOperation: Sendable, Equatable {
    /// `query` is the text after `?`, nil without one.
    case predict(query: String?)
    case wake
    /// As for `predict`.
    case websocket(query: String?)
    /// A bare connection to the replica, for what stands before the gateway.
    case tunnel
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
    ///   - target: path and query in origin form.
    static func route(
        host: UnsafeRawBufferPointer, target: UnsafeRawBufferPointer, listener: ListenerKind
    ) -> Destination {
        let label = host.upTo(46).upTo(58)
        let path = target.upTo(63)
        let query = path.count < target.count ? target.part(path.count + 1, target.count) : nil
        if label.hasPrefix("model-") {
            let name = label.part(6, label.count)
            let model = name.upTo(45)
            var segments = Segments(path)
            guard model.count < name.count else {
                return asynchronous(model, prefix: nil, path, query: query)
                    ?? .inference(named(model.modelID, &segments, query: query))
            }
            let environment = name.part(model.count + 1, name.count).lowercasedText
            return asynchronous(model, prefix: environment, path, query: query)
                ?? .inference(regional(model.modelID, environment, segments, query: query))
        }
        if path.hasPrefix("/model/"), !isUploadHost(host) {
            var segments = Segments(path)
            _ = segments.next()
            if let model = segments.next() {
                return asynchronous(model, prefix: nil, segments.rest, query: query)
                    ?? .inference(named(ModelID(model.text), &segments, query: query))
            }
        }
        return listener == .main ? .management : .nowhere
    }

    /// Whether the path, without the model, is one of the calls about asynchronous predictions.
    private static func asynchronous(
        _ model: UnsafeRawBufferPointer, prefix environment: String?, _ path: UnsafeRawBufferPointer,
        query: UnsafeRawBufferPointer?
    ) -> Destination? {
        // All of them have it in their path, and few others do.
        guard Segments(path).contains(where: { $0.hasPrefix("async_") }) else { return nil }
        let segments = Array(Segments(path))
        let isRequest = segments.first?.equals("async_request") == true && (2...3).contains(segments.count)
        let names =
            segments.last?.equals("async_predict") == true
            || segments.last?.equals("async_queue_status") == true
        let isQueue =
            switch segments.count {
            case 1: names
            case 2: names && (segments[0].equals("production") || segments[0].equals("development"))
            case 3: names && (segments[0].equals("environments") || segments[0].equals("deployment"))
            default: false
            }
        guard isRequest || isQueue else { return nil }
        let scope = environment.flatMap { isRequest ? nil : "/environments/\($0)" } ?? ""
        let asked = query.map { "?\($0.text)" } ?? ""
        return .asynchronous(uri: "/model/\(model.lowercasedText)\(scope)\(path.text)\(asked)")
    }

    /// `model-{id}`: the path names the deployment, then the operation.
    private static func named(
        _ model: ModelID, _ segments: inout Segments, query: UnsafeRawBufferPointer?
    ) -> InferenceCall {
        let unknown = InferenceCall(model: model, request: .failure(PlatformErrors.unknownPath))
        guard let first = segments.next() else { return unknown }
        let target: InferenceTarget
        if first.isExactly("production") {
            target = .environment("production")
        } else if first.isExactly("development") {
            target = .development
        } else if first.isExactly("environments"), let name = segments.next() {
            target = .named(name.text)
        } else if first.isExactly("deployment"), let id = segments.next() {
            target = .deployment(DeploymentID(id.text))
        } else {
            return unknown
        }
        return InferenceCall(
            model: model,
            request: operation(segments, query: query).map { .init(target: target, operation: $0) })
    }

    /// `model-{id}-{env}`: the host names the environment, the path is the operation alone.
    private static func regional(
        _ model: ModelID, _ environment: String, _ segments: Segments, query: UnsafeRawBufferPointer?
    ) -> InferenceCall {
        var rest = segments
        let first = rest.next()
        let routes: [StaticString] = ["production", "development", "environments", "deployment"]
        if let first, routes.contains(where: { first.isExactly($0) }) {
            return InferenceCall(model: model, request: .failure(PlatformErrors.pathRoutingOnRegionalHost))
        }
        return InferenceCall(
            model: model,
            request: operation(segments, query: query).map {
                .init(target: .named(environment), operation: $0)
            })
    }

    private static func operation(
        _ segments: Segments, query: UnsafeRawBufferPointer?
    ) -> Result<InferenceOperation, PlatformError> {
        var segments = segments
        guard let name = segments.next() else { return .failure(PlatformErrors.unknownPath) }
        if name.isExactly("sync") {
            let path = segments.rest.isEmpty ? "/" : segments.rest.text
            return .success(.sync(uri: query.map { "\(path)?\($0.text)" } ?? path))
        }
        guard segments.rest.isEmpty else { return .failure(PlatformErrors.unknownPath) }
        if name.isExactly("predict") { return .success(.predict(query: query?.text)) }
        if name.isExactly("wake") {
            guard query?.isEmpty ?? true else { return .failure(PlatformErrors.wakeTakesNothing) }
            return .success(.wake)
        }
        if name.isExactly("websocket") { return .success(.websocket(query: query?.text)) }
        if name.isExactly("run_remote") || name.isExactly("async_run_remote") {
            return .failure(PlatformErrors.notBuilt(name.text))
        }
        return .failure(PlatformErrors.unknownPath)
    }

    /// `s3.…` and `{bucket}.s3.…`: object keys are free, so `/model/…` there is an object, not a model.
    private static func isUploadHost(_ host: UnsafeRawBufferPointer) -> Bool {
        let first = host.upTo(58).upTo(46)
        if first.equals("s3") { return true }
        guard first.count < host.count else { return false }
        return host.part(first.count + 1, host.count).upTo(58).upTo(46).equals("s3")
    }
}

/// The parts of a path between its slashes: `/a/b/` has `a`, `b` and an empty one. A path that does not start with
/// a slash has none.
private struct Segments: Sequence, IteratorProtocol {
    /// What has not been taken yet, with its slash.
    private(set) var rest: UnsafeRawBufferPointer

    init(_ path: UnsafeRawBufferPointer) { rest = path.first == 47 ? path : path.part(0, 0) }

    mutating func next() -> UnsafeRawBufferPointer? {
        guard rest.count > 0 else { return nil }
        let part = rest.part(1, rest.count).upTo(47)
        rest = rest.part(part.count + 1, rest.count)
        return part
    }
}

extension UnsafeRawBufferPointer {
    /// The part before the first `byte`, or all of it.
    fileprivate func upTo(_ byte: UInt8) -> UnsafeRawBufferPointer { part(0, firstIndex(of: byte) ?? count) }

    fileprivate var lowercasedText: String { text.lowercased() }

    fileprivate var modelID: ModelID { ModelID(lowercasedText) }
}
