// The upload host: hands request heads and body streams to the S3 service and streams its files out.

import Foundation
import HTTPTypes
import Hummingbird
import Logging
import SlipwayBlobs
import SlipwayCore

struct UploadResponder: Sendable {
    let service: S3Service
    private let files = FileIO()

    init(service: S3Service) {
        precondition(
            AccessTable.rows[AccessTable.uploads]?.keys == .uploadGrant, "uploads have no row in AccessTable")
        self.service = service
    }

    /// Whether the head alone gives no reason to refuse; then the client may send its body.
    func admits(_ request: Request) -> Bool {
        service.check(S3RequestHead(request), now: Date()) == nil
    }

    func respond(to request: Request, context: ServerContext) async -> Response {
        let head = S3RequestHead(request)
        let refused = service.check(head, now: Date())
        let answer: S3Response
        if let refused {
            answer = refused
        } else {
            answer = await service.handle(head, body: BodyBytes(base: request.body), now: Date())
        }
        if let error = answer.error {
            context.logger.log(
                level: answer.status >= 500 ? .error : .debug, "upload refused",
                metadata: [
                    "code": "\(error.code.rawValue)", "diagnostic": "\(error.diagnostic ?? "-")",
                ])
        }
        var response = await write(answer, context)
        // The body that was refused may never come; a connection waiting for it must not be used again.
        if refused != nil, Self.announcesBody(request) { response.headers[.connection] = "close" }
        return response
    }

    private func write(_ answer: S3Response, _ context: ServerContext) async -> Response {
        var headers = HTTPFields()
        for (name, value) in answer.headers {
            if let name = HTTPField.Name(name) { headers.append(HTTPField(name: name, value: value)) }
        }
        let status = HTTPResponse.Status(code: answer.status)
        switch answer.body {
        case .none:
            return Response(status: status, headers: headers)
        case .bytes(let bytes):
            return Response(
                status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
        case .file(let path, let range):
            guard !range.isEmpty else { return Response(status: status, headers: headers) }
            do {
                let body = try await files.loadFile(
                    path: path, range: Int(range.lowerBound)...Int(range.upperBound - 1), context: context)
                return Response(status: status, headers: headers, body: body)
            } catch {
                context.logger.error("object vanished while it was asked for")
                return Response(status: .internalServerError)
            }
        }
    }

    private static func announcesBody(_ request: Request) -> Bool {
        if request.headers[.transferEncoding] != nil { return true }
        return request.headers[.contentLength].map { $0 != "0" } ?? false
    }
}

extension S3RequestHead {
    /// The request's target as received: signatures cover it undecoded.
    init(_ request: Request) {
        let target = (request.head.path ?? "/").split(
            separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        self.init(
            method: request.method.rawValue, host: request.head.authority ?? "",
            rawPath: String(target[0]), rawQuery: target.count == 2 ? String(target[1]) : "",
            headers: request.headers.map { (name: $0.name.rawName, value: $0.value) })
    }
}

/// A request's body as the byte arrays the S3 service reads.
private struct BodyBytes: AsyncSequence, Sendable {
    let base: RequestBody

    struct AsyncIterator: AsyncIteratorProtocol {
        var base: RequestBody.AsyncIterator

        mutating func next() async throws -> [UInt8]? {
            try await base.next().map { [UInt8](buffer: $0) }
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(base: base.makeAsyncIterator()) }
}
