// A running server as the client commands see it: its address, the key and JSON calls.

import ArgumentParser
import AsyncHTTPClient
import Foundation
import NIOCore
import NIOPosix
import SlipwayAPI

/// Options every client command takes.
struct RemoteOptions: ParsableArguments {
    @Option(help: "URL of the server (default: SLIPWAY_REMOTE, else http://localhost:8000).")
    var remote: String?
    @Option(
        help:
            "File with the API key (default: SLIPWAY_API_KEY, else the admin key of a server on this machine)."
    )
    var apiKeyFile: String?

    func connect() throws -> Remote {
        let remote =
            remote ?? ProcessInfo.processInfo.environment["SLIPWAY_REMOTE"] ?? "http://localhost:8000"
        guard let url = URL(string: remote), url.host != nil else {
            throw ValidationError("\(remote) is not a URL.")
        }
        return Remote(url: remote.hasSuffix("/") ? String(remote.dropLast()) : remote, key: try key())
    }

    /// Reaches the server that uses a data directory of this machine over its own socket, whatever its ports are.
    func connect(toServerOf directory: String) throws -> Remote {
        guard FileManager.default.fileExists(atPath: directory + "/slipway.sqlite") else {
            throw ValidationError("There is no data of a server in \(directory).")
        }
        guard let socket = SocketDirectory.running(in: directory) else {
            throw ValidationError("No server runs on \(directory): start it first.")
        }
        return Remote(url: "", key: try key(of: directory), socket: socket)
    }

    private func key(of dataDirectory: String? = nil) throws -> String {
        let environment = ProcessInfo.processInfo.environment
        if apiKeyFile == nil, let key = environment["SLIPWAY_API_KEY"] { return key }
        let directory = dataDirectory ?? environment["SLIPWAY_DATA_DIR"] ?? Settings.defaultDataDirectory
        let path = apiKeyFile ?? directory + "/admin-api-key"
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ValidationError(
                "No API key: \(path) cannot be read. Set SLIPWAY_API_KEY or give --api-key-file.")
        }
        return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

/// An answer that was not a success.
struct RemoteError: Error, CustomStringConvertible {
    var status: UInt
    var message: String
    var description: String { "The server answered \(status): \(message)" }
}

/// Nobody listens there.
struct NoServer: Error, CustomStringConvertible {
    var address: String
    var description: String { "No server answers at \(address)." }
}

struct Remote: Sendable {
    let url: String
    let key: String
    /// Of a server on this machine; `url` means nothing then.
    var socket: String?
    /// Longer than a server on a fresh machine lets a push wait for its build tools, so that its own words are heard.
    private static let timeout: TimeAmount = .minutes(5)
    /// Longest answer to a management call that is read.
    static let largestAnswer = 64 << 20

    /// Says at once that nobody listens: the shared client would go on trying for a minute.
    private static let client = {
        var configuration = HTTPClient.Configuration.singletonConfiguration
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    private func execute(
        _ request: HTTPClientRequest, timeout: TimeAmount
    ) async throws -> HTTPClientResponse {
        do {
            return try await Self.client.execute(request, timeout: timeout)
        } catch is NIOConnectionError {
            throw NoServer(address: socket ?? url)
        } catch let error as IOError where error.errnoCode == ECONNREFUSED {
            throw NoServer(address: socket ?? url)
        }
    }

    /// One call of the management API.
    /// - Throws: `RemoteError` with the server's own message.
    func call<Answer: Decodable>(
        _ method: String, _ path: String, body: (any Encodable & Sendable)? = nil, as type: Answer.Type
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: try address(of: path))
        if socket != nil { request.headers.add(name: "Host", value: "api.localhost") }
        request.method = .RAW(value: method)
        request.headers.add(name: "Authorization", value: "Api-Key \(key)")
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(try JSONEncoder().encode(body))
        }
        let response = try await execute(request, timeout: Self.timeout)
        let bytes = try await response.body.collect(upTo: Self.largestAnswer)
        guard response.status.code < 300 else {
            throw RemoteError(status: response.status.code, message: Self.message(in: bytes))
        }
        return try JSONDecoder().decode(type, from: Data(bytes.readableBytesView))
    }

    private func address(of path: String) throws -> String {
        guard let socket else { return url + path }
        guard let address = URL(httpURLWithSocketPath: socket, uri: path) else {
            throw ValidationError("\(socket) cannot be the path of a socket.")
        }
        return address.absoluteString
    }

    /// Sends a file to an upload URL of the server, piece by piece.
    func upload(file path: String, to address: String) async throws {
        let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { try? handle.close() }
        let size = try handle.seekToEnd()
        try handle.seek(toOffset: 0)
        var request = HTTPClientRequest(url: address)
        request.method = .PUT
        request.body = .stream(FilePieces(handle: handle), length: .known(Int64(size)))
        let response = try await execute(request, timeout: .hours(6))
        let bytes = try await response.body.collect(upTo: 1 << 20)
        guard response.status.code < 300 else {
            throw RemoteError(status: response.status.code, message: String(buffer: bytes))
        }
    }

    private static func message(in bytes: ByteBuffer) -> String {
        struct Message: Decodable { var message: String }
        let data = Data(bytes.readableBytesView)
        return (try? JSONDecoder().decode(Message.self, from: data).message) ?? String(buffer: bytes)
    }
}

/// A file as a sequence of buffers, read as the connection takes them.
private struct FilePieces: AsyncSequence, Sendable {
    static let size = 1 << 18
    let handle: FileHandle

    struct AsyncIterator: AsyncIteratorProtocol {
        let handle: FileHandle

        mutating func next() async throws -> ByteBuffer? {
            guard let data = try handle.read(upToCount: FilePieces.size), !data.isEmpty else { return nil }
            return ByteBuffer(bytes: data)
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(handle: handle) }
}
