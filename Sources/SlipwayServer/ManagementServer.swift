// The management plane as one service: an HTTP server on a Unix domain socket behind the gateway. Made and
// run by the executable's composition root.

import Hummingbird
import Logging
import ServiceLifecycle
import SlipwayBlobs
import SlipwayControl
import SlipwayDashboard

/// Serves the management API, GraphQL for the official client and archive uploads.
public struct ManagementServer: Service {
    private let services: Services
    private let dashboard: Dashboard
    private let configuration: ManagementConfiguration
    private let limits: RateLimits?
    private let logger: Logger
    private let onRunning: @Sendable () async -> Void

    /// - Parameter onRunning: called once the socket accepts connections.
    public init(
        control: ControlPlane, uploads: S3Service, configuration: ManagementConfiguration, logger: Logger,
        onRunning: @escaping @Sendable () async -> Void = {}
    ) {
        self.onRunning = onRunning
        services = Services(control: control, uploads: uploads, address: configuration.publicAddress)
        let address = configuration.publicAddress
        let limits = configuration.limitsRates ? RateLimits { control.now } : nil
        self.configuration = configuration
        self.limits = limits
        dashboard = Dashboard(
            control: control, publicURL: address.url, port: address.port,
            inferenceURL: configuration.inferenceURL,
            limit: limits.map { limits -> CallLimit in
                { method, endpoint, prefix in limits.take(method, endpoint, keyPrefix: prefix) }
            })
        self.logger = logger
    }

    /// What requests under way get at the end. While a server hands over, nobody answers on new connections until the
    /// last of them has ended; a slow upload must not make them wait for minutes.
    private static let grace: Duration = .seconds(5)

    /// Serves until graceful shutdown: then requests under way finish, in five seconds at most, and the socket closes.
    /// - Throws: when the socket cannot be bound.
    public func run() async throws {
        let application = application()
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await application.run()
                return true
            }
            group.addTask {
                try await gracefulShutdown()
                try await Task.sleep(for: Self.grace)
                return false
            }
            let hasEnded = try await group.next() ?? true
            group.cancelAll()
            guard !hasEnded else { return }
            logger.warning("requests to the management API took too long and were cut off")
            // What is cut off ends with an error, which is no failure of this server.
            _ = try? await group.next()
        }
    }

    func application() -> some ApplicationProtocol {
        let uploads = UploadResponder(service: services.uploads)
        let dispatch = HostDispatch(
            api: router(ManagementRouter.add), app: router(AppRouter.add),
            inference: router(AsyncRouter.add, errors: InferenceErrorAnswers()), uploads: uploads,
            dashboard: dashboard)
        return Application(
            responder: dispatch,
            server: ContinueGate.server { request in
                let site = Site(
                    host: request.head.authority ?? "", path: request.uri.path,
                    bucket: uploads.service.bucket)
                return site == .uploads ? uploads.admits(request) : request.hasAcceptableLength
            },
            configuration: ApplicationConfiguration(
                address: .unixDomainSocket(path: configuration.socketPath),
                // Of a Unix socket whose backlog is full connect(2) fails at once.
                backlog: 4096),
            onServerRunning: { [onRunning] _ in await onRunning() },
            logger: logger)
    }

    private func router(
        _ add: (Router<ServerContext>, Services) -> Void,
        errors: some RouterMiddleware<ServerContext> = ErrorAnswers()
    ) -> RouterResponder<ServerContext> {
        let router = Router(context: ServerContext.self)
        router.add(middleware: errors)
        router.add(middleware: Authentication(control: services.control))
        if let limits { router.add(middleware: RateLimiting(limits: limits)) }
        add(router, services)
        return router.buildResponder()
    }
}
