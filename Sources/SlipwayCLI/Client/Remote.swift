// A running server as the client commands see it: its address, the key and the calls.

import AsyncHTTPClient
import Foundation
import NIOCore
import SlipwayAPI

struct Remote: Sendable {
    let url: String
    let key: String
    /// Of a server on this machine; `url` means nothing then.
    var socket: String?
    /// Longer than a server on a fresh machine lets a push wait for its build tools, so that its own words are heard.
    private static let timeout: TimeAmount = .minutes(5)
    /// Longest answer to a management call that is read.
    static let maxAnswer = 64 << 20

    /// What the user calls it.
    var place: String { socket ?? url }

    /// One call of the management API.
    /// - Throws: `CommandFailure` with the server's own message.
    func call<Answer: Decodable>(
        _ method: String, _ path: String, body: (any Encodable & Sendable)? = nil, as type: Answer.Type
    ) async throws -> Answer {
        let bytes = try await answer(method, path, body: body)
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch {
            throw CommandFailure("\(place) answered something else than expected: is it a Slipway server?")
        }
    }

    /// The same, with the whole answer as a value.
    func document(
        _ method: String, _ path: String, body: (any Encodable & Sendable)? = nil
    ) async throws -> JSONValue {
        guard let value = WireJSON.value(from: try await answer(method, path, body: body)) else {
            throw CommandFailure("\(place) answered no JSON document: is it a Slipway server?")
        }
        return value
    }

    private func answer(
        _ method: String, _ path: String, body: (any Encodable & Sendable)?
    ) async throws -> [UInt8] {
        var request = try request(method, path)
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(try JSONEncoder().encode(body))
        }
        let response = try await Connections.execute(request, timeout: Self.timeout, place: place)
        let bytes = try await Connections.body(of: response, upTo: Self.maxAnswer, place: place)
        guard response.status.code < 300 else {
            throw CommandFailure.answered(Int(response.status.code), Self.refusal(in: bytes))
        }
        return Array(bytes.readableBytesView)
    }

    /// A request with the key.
    func request(_ method: String, _ path: String) throws -> HTTPClientRequest {
        var request = HTTPClientRequest(url: try address(of: path))
        if socket != nil { request.headers.add(name: "Host", value: "api.localhost") }
        request.method = .RAW(value: method)
        request.headers.add(name: "Authorization", value: "Api-Key \(key)")
        return request
    }

    private func address(of path: String) throws -> String {
        guard let socket else { return url + path }
        guard let address = URL(httpURLWithSocketPath: socket, uri: path) else {
            throw CommandFailure("\(socket) cannot be the path of a socket.")
        }
        return address.absoluteString
    }

    /// Sends a file to an upload URL of the server, piece by piece.
    /// - Parameter progress: told how many bytes of how many are on their way.
    func upload(
        file path: String, to address: String, progress: @escaping @Sendable (Int64, Int64) -> Void
    ) async throws {
        let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { try? handle.close() }
        let size = Int64(try handle.seekToEnd())
        var request = HTTPClientRequest(url: address)
        request.method = .PUT
        let pieces = FilePieces(handle: handle, progress: { progress($0, size) })
        request.body = .stream(pieces, length: .known(size))
        let response = try await Connections.execute(request, timeout: .hours(6), place: place)
        let bytes = try await Connections.body(of: response, upTo: 1 << 20, place: place)
        guard response.status.code < 300 else {
            throw CommandFailure.answered(Int(response.status.code), Self.refusal(in: bytes))
        }
    }

    /// The management API says `message`, the inference API `error`.
    static func message(in bytes: ByteBuffer) -> String? {
        let document = WireJSON.value(from: Array(bytes.readableBytesView))
        for member in ["message", "error"] {
            if case .string(let text)? = document?[member] { return text }
        }
        return nil
    }

    /// What is shown of a refusal: not the whole page of a server that is another one.
    static func refusal(in bytes: ByteBuffer) -> String {
        if let message = message(in: bytes) { return message }
        let text = String(buffer: bytes).trimmingCharacters(in: .whitespacesAndNewlines)
        if text.isEmpty { return "nothing else." }
        if text.hasPrefix("<") { return "a page and no message. Is it a Slipway server?" }
        return text.truncated(to: 1000)
    }
}
