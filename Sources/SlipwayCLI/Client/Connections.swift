// HTTP clients that find `*.localhost` without the help of the system's resolver: glibc alone knows `localhost` only.

import AsyncHTTPClient
import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// The clients of this process, one for each name that is ours to resolve and one for all others.
enum Connections {
    private static let clients = Mutex<[String: HTTPClient]>([:])

    /// Sends a request and waits for the head of its answer.
    /// - Parameter place: what the user calls the server, for the error.
    /// - Throws: `CommandFailure` when nothing listens there.
    static func execute(
        _ request: HTTPClientRequest, timeout: TimeAmount, place: String
    ) async throws -> HTTPClientResponse {
        var refused = false
        for address in addresses(of: request.url) {
            do {
                return try await client(for: address).execute(request, timeout: timeout)
            } catch let error where isUnreachable(error) {
                refused = true
            } catch {
                // A file that is sent may be what fails.
                throw CommandFailure(file: error) ?? CommandFailure(connection: error, place: place)
            }
        }
        precondition(refused, "every host has an address to try")
        throw CommandFailure.unreachable(place)
    }

    /// The whole body of an answer.
    /// - Throws: `CommandFailure` where it is longer than `limit` or ends early.
    static func body(of response: HTTPClientResponse, upTo limit: Int, place: String) async throws
        -> ByteBuffer
    {
        do {
            return try await response.body.collect(upTo: limit)
        } catch {
            throw CommandFailure(answer: error, place: place)
        }
    }

    /// A host and the address that stands for it; without one the system resolves the name.
    struct Address: Equatable {
        var host: String
        var loopback: String?
    }

    /// What to try, in this order. A server listens on both loopback addresses, one of which may be off.
    static func addresses(of url: String) -> [Address] {
        let host = URL(string: url)?.host?.lowercased() ?? ""
        guard host.hasSuffix(".localhost") else { return [Address(host: "", loopback: nil)] }
        return ["127.0.0.1", "::1"].map { Address(host: host, loopback: $0) }
    }

    private static func isUnreachable(_ error: any Error) -> Bool {
        if error is NIOConnectionError { return true }
        return (error as? IOError)?.errnoCode == ECONNREFUSED
    }

    /// Never shut down: they live as long as the process.
    private static func client(for address: Address) -> HTTPClient {
        clients.withLock { clients in
            let key = "\(address.host) \(address.loopback ?? "")"
            if let client = clients[key] { return client }
            var configuration = HTTPClient.Configuration.singletonConfiguration
            // Says at once that nothing listens: the client would go on trying for a minute.
            configuration.connectionPool.retryConnectionEstablishment = false
            // Commands of long streams must not end because a model takes its time.
            configuration.timeout.read = nil
            if let loopback = address.loopback { configuration.dnsOverride = [address.host: loopback] }
            // An answer that leads elsewhere would get the key too.
            configuration.redirectConfiguration = .disallow
            let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
            clients[key] = client
            return client
        }
    }
}
