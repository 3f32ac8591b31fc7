// Calls to replicas, and to addresses that users give: webhooks and gates.

import AsyncHTTPClient
import Glibc
import NIOCore
import NIOPosix
import SlipwayCore

/// Calls to webhooks, gates and, for asynchronous predictions and hot reloads, replicas.
public protocol OutgoingCalls: Sendable {
    /// - Throws: `ReplicaCallError`, or `CancellationError`.
    func call(
        _ call: ReplicaCall, at endpoint: ReplicaEndpoint, timeout: TimeAmount
    ) async throws -> ReplicaAnswer

    /// A call to an address that a user gave, by the rules of `WebhookAddress`. Redirects are not followed.
    ///
    /// - Throws: `CallRefused` when the rules forbid it, any other error when it failed.
    func callOut(_ request: HTTPClientRequest, timeout: TimeAmount) async throws -> CallAnswer
}

/// What the other side said; of an answer that is not 2xx the first bytes as text too.
public struct CallAnswer: Sendable {
    public var status: Int
    public var text = ""

    public init(status: Int, text: String = "") {
        self.status = status
        self.text = text
    }

    public var isGood: Bool { (200..<300).contains(status) }
}

/// The rules forbid the call.
public struct CallRefused: Error, Sendable, CustomStringConvertible {
    public var description: String
}

public final class OutgoingHTTP: OutgoingCalls {
    /// The numeric addresses of a host, best first.
    public typealias Resolve = @Sendable (_ host: String) async throws -> [String]

    private let allowsLoopback: Bool
    private let resolve: Resolve

    /// Of the addresses of one name, so many are tried.
    private static let mostAddresses = 4
    private static let mostText = 4096

    /// - Parameter allowsLoopback: whether users may have programs on this machine called.
    public init(allowsLoopback: Bool = true, resolve: @escaping Resolve = systemAddresses) {
        self.allowsLoopback = allowsLoopback
        self.resolve = resolve
    }

    private static var configuration: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout.connect = .seconds(5)
        return configuration
    }

    public func call(
        _ call: ReplicaCall, at endpoint: ReplicaEndpoint, timeout: TimeAmount
    ) async throws -> ReplicaAnswer {
        try await call.send(to: endpoint, timeout: timeout)
    }

    public func callOut(_ request: HTTPClientRequest, timeout: TimeAmount) async throws -> CallAnswer {
        guard let host = WebhookAddress.parts(of: request.url)?.host else {
            throw CallRefused(description: "it is not an absolute URL")
        }
        let deadline = NIODeadline.now() + timeout
        let names = NetworkAddress(host) == nil ? try await addresses(of: host, by: deadline) : [host]
        // All of them before any is called: which one is tried is not the caller's to choose.
        for name in names {
            guard let address = NetworkAddress(name) else {
                throw CallRefused(description: "\(host) has no IP address")
            }
            if let refusal = WebhookAddress.refusal(of: address, host: host, allowsLoopback: allowsLoopback) {
                throw CallRefused(description: refusal)
            }
        }
        var failure: any Error = CallRefused(description: "\(host) has no IP address")
        for name in names.prefix(Self.mostAddresses) {
            do {
                return try await call(request, at: name, host, deadline)
            } catch let error where Self.neverConnected(error) && NIODeadline.now() < deadline {
                failure = error
            }
        }
        throw failure
    }

    /// Looks a name up and waits for the answer until the deadline, whatever the name servers do.
    private func addresses(of host: String, by deadline: NIODeadline) async throws -> [String] {
        let (answers, sink) = AsyncThrowingStream<[String], any Error>.makeStream()
        let lookup = Task { [resolve] in
            do {
                sink.yield(try await resolve(host))
            } catch {
                sink.finish(throwing: error)
            }
        }
        let patience = Task {
            try await Task.sleep(for: .nanoseconds((deadline - .now()).nanoseconds))
            sink.finish(throwing: ResolverError(description: "\(host): the name servers do not answer"))
        }
        // A look-up that waits for a thread is given up; one that has begun holds its thread until it ends.
        defer {
            lookup.cancel()
            patience.cancel()
        }
        for try await addresses in answers { return addresses }
        throw CancellationError()
    }

    /// The connection is made to the address that was looked at; the name stays in Host and in TLS.
    private func call(
        _ request: HTTPClientRequest, at address: String, _ host: String, _ deadline: NIODeadline
    ) async throws -> CallAnswer {
        var configuration = Self.configuration
        configuration.connectionPool.retryConnectionEstablishment = false
        // The client looks the name up as the URL spells it.
        configuration.dnsOverride = [host: address]
        var request = request
        request.url = Self.lowercasingHost(request.url)
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            let response = try await client.execute(request, deadline: deadline)
            var answer = CallAnswer(status: Int(response.status.code))
            if !answer.isGood {
                answer.text = await Self.start(of: response.body)
            }
            try? await client.shutdown()
            return answer
        } catch {
            try? await client.shutdown()
            throw error
        }
    }

    /// The first bytes of a body as text, as far as they come.
    private static func start(of body: HTTPClientResponse.Body) async -> String {
        var bytes = ByteBuffer()
        do {
            for try await var piece in body {
                let length = min(piece.readableBytes, mostText - bytes.readableBytes)
                bytes.writeImmutableBuffer(piece.readSlice(length: length) ?? ByteBuffer())
                if bytes.readableBytes == mostText { break }
            }
        } catch {
            // The status counts, and what came says more than nothing.
        }
        return String(buffer: bytes)
    }

    /// Scheme and host come before the first slash after `//`, and either is the same in lower case.
    private static func lowercasingHost(_ url: String) -> String {
        guard let mark = url.firstRange(of: "://") else { return url }
        let end = url[mark.upperBound...].firstIndex { "/?#".contains($0) } ?? url.endIndex
        return url[..<end].lowercased() + url[end...]
    }

    private static func neverConnected(_ error: any Error) -> Bool {
        if let error = error as? HTTPClientError { return error == .connectTimeout }
        return error is NIOConnectionError || error is IOError
    }
}

/// For look-ups alone: a name server that does not answer holds a thread for half a minute.
private let resolvers: NIOThreadPool = {
    let pool = NIOThreadPool(numberOfThreads: 8)
    pool.start()
    return pool
}()

/// What the system's resolver says.
@Sendable public func systemAddresses(of host: String) async throws -> [String] {
    // The resolver blocks.
    try await resolvers.runIfActive {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, &hints, &list)
        guard code == 0 else {
            throw ResolverError(description: "\(host): \(String(cString: gai_strerror(code)))")
        }
        defer { freeaddrinfo(list) }
        return sequence(first: list) { $0?.pointee.ai_next }.prefix { $0 != nil }.compactMap { entry in
            entry.flatMap { numeric($0.pointee) }
        }
    }
}

struct ResolverError: Error, CustomStringConvertible {
    var description: String
}

private func numeric(_ entry: addrinfo) -> String? {
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    let isFilled =
        switch entry.ai_family {
        case AF_INET:
            entry.ai_addr.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                inet_ntop(AF_INET, &$0.pointee.sin_addr, &text, socklen_t(text.count)) != nil
            }
        case AF_INET6:
            entry.ai_addr.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                inet_ntop(AF_INET6, &$0.pointee.sin6_addr, &text, socklen_t(text.count)) != nil
            }
        default: false
        }
    return isFilled
        ? String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
}
