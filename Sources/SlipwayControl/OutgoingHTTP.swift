// Calls to addresses that users give: webhooks and gates.

import AsyncHTTPClient
import NIOCore
import NIOPosix
import SlipwayCore
import Synchronization

/// Calls to webhooks, gates and, for asynchronous predictions and hot reloads, replicas.
public protocol OutgoingCalls: Sendable {
    func execute(_ request: HTTPClientRequest, timeout: TimeAmount) async throws -> HTTPClientResponse

    /// To be asked at every call: the name may point somewhere else by now.
    func resolvesToLinkLocal(_ host: String) async -> Bool

    func shutdown() async
}

/// Makes its client at the first use, so that a server that never gets that far has none to shut down.
final class OutgoingHTTP: OutgoingCalls {
    private let made = Mutex<HTTPClient?>(nil)

    /// Redirects are not followed: an address was checked, not where it points to.
    private var client: HTTPClient {
        made.withLock { made in
            if let made { return made }
            var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
            configuration.timeout.connect = .seconds(5)
            let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
            made = client
            return client
        }
    }

    func execute(_ request: HTTPClientRequest, timeout: TimeAmount) async throws -> HTTPClientResponse {
        try await client.execute(request, timeout: timeout)
    }

    func shutdown() async {
        let client = made.withLock { $0 }
        try? await client?.shutdown()
    }

    func resolvesToLinkLocal(_ host: String) async -> Bool {
        // The resolver blocks, so it gets a thread of its own.
        let address = try? await NIOThreadPool.singleton.runIfActive {
            try SocketAddress.makeAddressResolvingHost(host, port: 443).ipAddress
        }
        return address.flatMap(\.self).map(WebhookAddress.isLinkLocal) ?? false
    }
}
