// Asynchronous predictions: the calls on the hosts of models that are kept on disk. The gateway passes them on in
// their path form, below /model/{model_id}.

import HTTPTypes
import Hummingbird
import SlipwayAPI
import SlipwayControl
import SlipwayCore

enum AsyncRouter {
    static let prefix = "/model/"
    private static let base = "/model/{model_id}"

    /// The ways a path names a deployment. A regional host comes as its environment.
    private static let targets: [(path: String, target: @Sendable (Call) throws -> AsyncTarget)] = [
        ("\(base)/production", { _ in .environment(SlipwayCore.Environment.production) }),
        ("\(base)/development", { _ in .development }),
        (
            "\(base)/environments/{env_name}",
            { call in
                let name = try call.environment
                return name == "development" ? .development : .environment(name)
            }
        ),
        ("\(base)/deployment/{deployment_id}", { call in .deployment(try call.deploymentID) }),
    ]

    static func add(to router: Router<ServerContext>, _ services: Services) {
        let control = services.control
        for (path, target) in targets {
            add(.post, "\(path)/async_predict", to: router) { call in
                let submission = try await submission(call.request)
                let id = try await control.submit(
                    submission, to: target(call), of: call.modelID, by: call.caller)
                var response = try Answer.json(AsyncPredictResponse(requestID: id), status: .created)
                response.headers[.basetenRequestID] = id
                return response
            }
            add(.get, "\(path)/async_queue_status", to: router) { call in
                let queue = try await control.asyncQueue(
                    of: target(call), model: call.modelID, by: call.caller)
                return try Answer.json(
                    AsyncQueueStatusResponse(
                        modelID: try call.modelID.text, deploymentID: queue.deploymentID.text,
                        numQueuedRequests: queue.queued, numInProgressRequests: queue.inProgress))
            }
        }
        addRequests(to: router, control)
        ManagementRouter.addMethodRefusals(to: router)
    }

    private static func addRequests(to router: Router<ServerContext>, _ control: ControlPlane) {
        let path = "\(base)/async_request/{request_id}"
        add(.get, path, to: router) { call in
            let request = try await control.asyncRequest(
                call.parameter("request_id"), of: call.modelID, by: call.caller)
            return try Answer.json(AsyncRequestStatusResponse(request))
        }
        add(.delete, path, to: router) { call in
            let id = try call.parameter("request_id")
            let (canceled, status) = try await control.cancelAsyncRequest(
                id, of: call.modelID, by: call.caller)
            return try Answer.json(
                CancelAsyncRequestResponse(
                    requestID: id, canceled: canceled,
                    message: canceled
                        ? "The request was canceled."
                        : "The request is \(status.rawValue); only a queued one can be canceled."))
        }
        add(.get, "\(path)/output", to: router) { call in
            let output = try await control.asyncOutput(
                call.parameter("request_id"), of: call.modelID, by: call.caller)
            return Response(
                status: .ok, headers: [.contentType: output.type],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: output.body)))
        }
    }

    private static func add(
        _ method: HTTPRequest.Method, _ path: String, to router: Router<ServerContext>,
        _ handler: @escaping @Sendable (Call) async throws -> Response
    ) {
        let rule = AccessTable.demand(method.rawValue, path)
        let parameters = OperationParameters.demand(method.rawValue, String(path.dropFirst(base.count)))
        router.on(RouterPath(path), method: method) { request, context in
            let caller = try context.authenticated()
            try caller.require(rule)
            let call = Call(request: request, context: context, caller: caller)
            // Before anything is said about the request: a key of another model learns nothing here.
            try caller.require(.invoke(call.modelID))
            try await call.check(parameters)
            return try await handler(call)
        }
    }

    /// The documented words.
    private static func tooLarge(_ size: Int?) -> Refusal {
        Refusal(
            status: .contentTooLarge, code: "PAYLOAD_TOO_LARGE",
            message:
                "payload size of \(size.map(String.init) ?? "more than \(RequestLimits.jsonBodyBytes)") bytes exceeds maximum size of \(AsyncSubmission.largestBody) bytes"
        )
    }

    private static func submission(_ request: Request) async throws -> AsyncSubmission {
        let bytes: [UInt8]
        do {
            bytes = try await request.jsonBody()
        } catch let refusal as Refusal where refusal == .payloadTooLarge {
            // Not read to its end: its head says how long it is, if anything does.
            throw tooLarge(request.headers[.contentLength].flatMap { Int($0) })
        }
        guard bytes.count <= AsyncSubmission.largestBody else { throw tooLarge(bytes.count) }
        let body = try AsyncPredictRequest(decoding: bytes)
        do throws(SettingProblem) {
            return try AsyncSubmission(
                input: body.modelInput, webhook: body.webhookEndpoint, priority: body.priority,
                maxTimeInQueue: body.maxTimeInQueueSeconds, maxAttempts: body.maxAttempts,
                initialDelay: body.initialDelayMS, maxDelay: body.maxDelayMS)
        } catch {
            throw Refusal.validation(error.description)
        }
    }
}

extension HTTPField.Name {
    static let basetenRequestID = HTTPField.Name("X-Baseten-Request-Id")!
}

extension AsyncRequestStatusResponse {
    init(_ request: AsyncRequest) {
        self.init(
            requestID: request.id, modelID: request.modelID.text, deploymentID: request.deploymentID.text,
            status: request.status.rawValue, webhookStatus: request.webhookStatus.rawValue,
            createdAt: WireDate(request.createdAt), statusAt: WireDate(request.statusAt),
            errors: request.errors.map { AsyncRequestError(code: $0.code.rawValue, message: $0.message) })
    }
}
