import SlipwayCore
import Testing

@testable import SlipwayGateway

struct HostRouterTests {
    private static func call(_ id: String, _ target: InferenceTarget, _ operation: InferenceOperation)
        -> Destination
    {
        .inference(
            InferenceCall(
                model: ModelID(id), request: .success(.init(target: target, operation: operation))))
    }

    private static func failed(_ id: String, _ error: PlatformError) -> Destination {
        .inference(InferenceCall(model: ModelID(id), request: .failure(error)))
    }

    private func route(host: String, uri: String, listener: ListenerKind) -> Destination {
        withBytes(host) { host in
            withBytes(uri) { HostRouter.route(host: host, target: $0, listener: listener) }
        }
    }

    private static let production = InferenceTarget.environment("production")
    private static let predict = InferenceOperation.predict(query: nil)

    private static func async(_ rest: String) -> Destination { .asynchronous(uri: "/model/\(rest)") }

    static let table: [(host: String, uri: String, expected: Destination)] = [
        ("model-abc.localhost", "/production/predict", call("abc", production, predict)),
        ("model-abc.api.example.com:8000", "/production/predict", call("abc", production, predict)),
        ("MODEL-ABC.LocalHost", "/production/predict", call("abc", production, predict)),
        ("model-abc", "/production/predict", call("abc", production, predict)),
        ("model-abc.x", "/production/predict?a=1&b", call("abc", production, .predict(query: "a=1&b"))),
        ("model-abc.x", "/development/predict", call("abc", .development, predict)),
        ("model-abc.x", "/environments/development/predict", call("abc", .development, predict)),
        ("model-abc-development.x", "/predict", call("abc", .development, predict)),
        ("model-abc.x", "/environments/staging/wake", call("abc", .environment("staging"), .wake)),
        ("model-abc.x", "/deployment/d1/predict", call("abc", .deployment(DeploymentID("d1")), predict)),
        ("model-abc.x", "/production/sync/v1/chat", call("abc", production, .sync(uri: "/v1/chat"))),
        (
            "model-abc.x", "/production/sync/a%2Fb/?q=%20",
            call("abc", production, .sync(uri: "/a%2Fb/?q=%20"))
        ),
        ("model-abc.x", "/production/sync", call("abc", production, .sync(uri: "/"))),
        ("model-abc.x", "/production/sync?x", call("abc", production, .sync(uri: "/?x"))),
        ("model-abc.x", "/production/sync//x", call("abc", production, .sync(uri: "//x"))),
        ("model-abc-prod-us.x", "/predict", call("abc", .environment("prod-us"), predict)),
        ("model-abc-eu.x", "/sync/health", call("abc", .environment("eu"), .sync(uri: "/health"))),
        ("model-abc-eu.x", "/production/predict", failed("abc", PlatformErrors.pathRoutingOnRegionalHost)),
        ("model-abc-eu.x", "/deployment/d1/wake", failed("abc", PlatformErrors.pathRoutingOnRegionalHost)),
        ("model-abc.x", "/production/async_predict", async("abc/production/async_predict")),
        ("model-abc.x", "/environments/a/async_queue_status", async("abc/environments/a/async_queue_status")),
        ("model-abc-eu.x", "/async_predict", async("abc/environments/eu/async_predict")),
        ("model-abc-eu.x", "/async_request/r1", async("abc/async_request/r1")),
        ("localhost", "/model/abc/deployment/d1/async_predict", async("abc/deployment/d1/async_predict")),
        (
            "model-abc.x", "/production/sync/async_predict",
            call("abc", production, .sync(uri: "/async_predict"))
        ),
        ("model-abc.x", "/production/websocket?v=1", call("abc", production, .websocket(query: "v=1"))),
        ("model-abc.x", "/async_request/r1", async("abc/async_request/r1")),
        ("model-abc.x", "/async_request/r1/output", async("abc/async_request/r1/output")),
        ("model-abc-eu.x", "/run_remote", failed("abc", PlatformErrors.notBuilt("run_remote"))),
        ("model-abc.x", "/predict", failed("abc", PlatformErrors.unknownPath)),
        ("model-abc.x", "/production/predict/", failed("abc", PlatformErrors.unknownPath)),
        ("model-abc.x", "//production/predict", failed("abc", PlatformErrors.unknownPath)),
        ("model-abc.x", "/environments", failed("abc", PlatformErrors.unknownPath)),
        ("model-abc.x", "/", failed("abc", PlatformErrors.unknownPath)),
        ("model-abc.x", "*", failed("abc", PlatformErrors.unknownPath)),
        ("model-abc.x", "", failed("abc", PlatformErrors.unknownPath)),
        ("model-.x", "/production/predict", call("", production, predict)),
        ("localhost:8000", "/model/abc/production/predict", call("abc", production, predict)),
        ("127.0.0.1", "/model/abc/development/wake", call("abc", .development, .wake)),
        ("api.localhost", "/model/abc/nothing", failed("abc", PlatformErrors.unknownPath)),
        ("", "/model/abc/production/predict", call("abc", production, predict)),
        ("localhost", "/models/abc", .management),
        ("localhost", "/", .management),
        ("api.localhost", "/v1/models", .management),
        ("s3.localhost", "/model/abc/production/predict", .management),
        ("bucket.s3.localhost", "/model/abc/production/predict", .management),
        ("[::1]:8000", "/healthz", .management),
        ("", "*", .management),
    ]

    @Test("host and path lead to the documented destination", arguments: table)
    func routes(_ row: (host: String, uri: String, expected: Destination)) {
        #expect(route(host: row.host, uri: row.uri, listener: .main) == row.expected)
    }

    @Test("the inference listener knows models only")
    func inferenceListener() {
        #expect(route(host: "api.localhost", uri: "/v1/models", listener: .inference) == .nowhere)
        #expect(
            route(host: "model-abc.x", uri: "/production/predict", listener: .inference)
                == Self.call("abc", Self.production, Self.predict))
        #expect(
            route(
                host: "localhost:9090", uri: "/model/abc/production/predict", listener: .inference)
                == Self.call("abc", Self.production, Self.predict))
    }
}
