// A plain HTTP/1.1 client on a Unix domain socket: one connection per request, every byte under control.

import Foundation
import SlipwayAPI

struct Reply: Sendable {
    var status: Int
    /// By lower-case name; the last one counts.
    var headers: [String: String]
    var body: [UInt8]
    /// Whether `100 Continue` came before the answer.
    var wasContinued: Bool

    var text: String { String(decoding: body, as: UTF8.self) }

    func json() throws -> JSONValue { try WireJSON.decode(JSONValue.self, from: body) }

    func document<Document: Decodable>(_ type: Document.Type = Document.self) throws -> Document {
        try WireJSON.decode(type, from: body)
    }
}

enum SocketClientError: Error {
    case system(String, Int32)
    case noAnswer(String)
}

struct SocketClient: Sendable {
    let path: String

    /// - Parameter host: the `Host` header; `api.localhost:8000` is the management API.
    func send(
        _ method: String, _ target: String, host: String = "api.localhost:8000", key: String? = nil,
        headers: [(String, String)] = [], body: [UInt8]? = nil
    ) async throws -> Reply {
        var head = "\(method) \(target) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n"
        if let key { head += "Authorization: Api-Key \(key)\r\n" }
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        if let body { head += "Content-Length: \(body.count)\r\n" }
        head += "\r\n"
        let waits = headers.contains { $0.0.lowercased() == "expect" }
        return try await exchange(head: Array(head.utf8), body: body ?? [], waitsForContinue: waits)
    }

    /// Runs the blocking exchange on a thread of its own.
    private func exchange(head: [UInt8], body: [UInt8], waitsForContinue: Bool) async throws -> Reply {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(
                    with: Result {
                        let socket = try Connection(path: path)
                        if !waitsForContinue {
                            try socket.write(head + body)
                            return try Self.parse(try socket.readToEnd())
                        }
                        try socket.write(head)
                        var received = try socket.readHead()
                        if received.starts(with: Array("HTTP/1.1 100".utf8)) { try socket.write(body) }
                        received += try socket.readToEnd()
                        return try Self.parse(received)
                    })
            }
        }
    }

    private static func parse(_ bytes: [UInt8]) throws -> Reply {
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else {
            throw SocketClientError.noAnswer(String(decoding: bytes, as: UTF8.self))
        }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ")
        guard words.count >= 2, let status = Int(words[1]) else { throw SocketClientError.noAnswer(lines[0]) }
        let rest = Array(bytes[end.upperBound...])
        if status == 100 {
            var reply = try parse(rest)
            reply.wasContinued = true
            return reply
        }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let halves = line.split(separator: ":", maxSplits: 1)
            guard halves.count == 2 else { continue }
            headers[halves[0].lowercased()] = halves[1].trimmingCharacters(in: .whitespaces)
        }
        return Reply(status: status, headers: headers, body: rest, wasContinued: false)
    }
}

/// A connected socket that is closed with its last reference.
private final class Connection {
    private let descriptor: Int32

    init(path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw SocketClientError.system("socket", errno) }
        // A server that does not answer fails the test instead of holding it for ever.
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8).prefix(107)) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw SocketClientError.system("connect", errno) }
    }

    deinit { close(descriptor) }

    func write(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            // The server may answer and close before it has read everything; its answer is still there.
            if count < 0, errno == EPIPE { return }
            guard count >= 0 else { throw SocketClientError.system("send", errno) }
            sent += count
        }
    }

    func readToEnd() throws -> [UInt8] {
        var all: [UInt8] = []
        while let piece = try readPiece() { all += piece }
        return all
    }

    /// Until the blank line after a head.
    func readHead() throws -> [UInt8] {
        var all: [UInt8] = []
        while all.firstRange(of: Array("\r\n\r\n".utf8)) == nil, let piece = try readPiece() { all += piece }
        return all
    }

    private func readPiece() throws -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count >= 0 else { throw SocketClientError.system("recv", errno) }
        return count == 0 ? nil : Array(buffer[..<count])
    }
}
