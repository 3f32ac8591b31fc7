// How one S3 request is judged by its head (`check`) and carried out (`handle`). The HTTP server calls both.
import Foundation

extension S3Service {
    /// Judges a request by its head alone. Nil: go on with the body (and `100 Continue`) into `handle`;
    /// otherwise the answer to send, with the connection closed after it if a body would have followed.
    public func check(_ head: S3RequestHead, now: Date) -> S3Response? {
        do {
            _ = try accept(head, now: now)
            return nil
        } catch {
            return .failure(error, for: head)
        }
    }

    /// Carries out a request. The body is read piece by piece; what is left unread after an error is the
    /// caller's to drop. An error thrown by `body` means that the client went away.
    public func handle<Body: AsyncSequence>(
        _ head: S3RequestHead, body: Body, now: Date
    ) async -> S3Response where Body.Element == [UInt8] {
        do {
            let request = try accept(head, now: now)
            if !request.route.operation.writes { return try await read(request, head: head) }
            let receiver = UploadReceiver(directory: directory, payload: request.payload)
            do {
                return try await write(request, body: body, receiver: receiver)
            } catch {
                await receiver.discard()
                throw error
            }
        } catch {
            return .failure(S3Error(translating: error), for: head)
        }
    }

    /// A request whose head is in order.
    private struct Accepted {
        let route: S3Route
        let headers: S3Headers
        let verified: RequestVerifier.Verified
        let plan: PayloadPlan
        let payload: PayloadReceiver
        /// Largest object of this request's key in bytes.
        let objectLimit: Int64
    }

    private func accept(_ head: S3RequestHead, now: Date) throws(S3Error) -> Accepted {
        let route = try S3Route.parse(
            method: head.method, host: head.host, path: head.rawPath, query: head.rawQuery, bucket: bucket)
        let headers = try S3Headers(head)
        guard headers["x-amz-copy-source"] == nil else {
            throw S3Error(.notImplemented, "This service does not copy objects.")
        }
        let verified = try verifier.verify(head, headers: headers, route: route, now: now)
        // Also for reading: who pushed may have forbidden that.
        if verified.isUpload { try refuseFrozen(verified.key) }
        let objectLimit = min(verified.maximumBytes, limits.maximumObjectBytes)
        let bodyLimit: Int64
        let requiresLength: Bool
        switch route.operation {
        case .putObject, .uploadPart: (bodyLimit, requiresLength) = (objectLimit, true)
        case .completeMultipartUpload: (bodyLimit, requiresLength) = (PartList.maximumBytes, false)
        default: (bodyLimit, requiresLength) = (0, false)
        }
        let isComplete = if case .completeMultipartUpload = route.operation { true } else { false }
        let plan = try PayloadPlan(
            headers: headers, payloadHash: verified.payloadHash, requiresLength: requiresLength,
            // There the checksum headers speak of the object, not of the part list.
            checksumIsOfBody: !isComplete)
        return Accepted(
            route: route, headers: headers, verified: verified, plan: plan,
            payload: try PayloadReceiver(plan: plan, verified: verified, limit: bodyLimit),
            objectLimit: objectLimit)
    }

    /// The grant of an upload ends with the push of what it uploaded.
    private func refuseFrozen(_ key: BlobKey) throws(S3Error) {
        do throws(BlobError) {
            try directory.requireUploads(key)
        } catch {
            throw S3Error(error)
        }
    }

    private func write<Body: AsyncSequence>(
        _ request: Accepted, body: Body, receiver: UploadReceiver
    ) async throws -> S3Response where Body.Element == [UInt8] {
        let key = request.verified.key
        let limit = request.objectLimit
        switch request.route.operation {
        case .putObject:
            for try await bytes in ClientBody(body) { try await receiver.store(bytes) }
            let (object, checksum) = try await receiver.finishObject(key)
            return Self.stored(etag: object.etag, checksum: checksum)
        case .uploadPart(let number, let uploadID):
            let others = try await receiver.run { directory throws(BlobError) in
                try directory.uploadedBytes(key, uploadID: uploadID, except: number)
            }
            guard others + (request.plan.length ?? 0) <= limit else { throw BlobError.tooLarge(limit: limit) }
            for try await bytes in ClientBody(body) { try await receiver.store(bytes) }
            let (etag, checksum) = try await receiver.finishPart(
                key, uploadID: uploadID, number: number, limit: limit)
            return Self.stored(etag: etag, checksum: checksum)
        case .createMultipartUpload:
            try await drain(body, into: receiver)
            let id = try await receiver.run { directory throws(BlobError) in try directory.createUpload(key) }
            return .xml(S3XML.created(bucket: bucket, key: key.description, uploadID: id))
        case .completeMultipartUpload(let uploadID):
            let parts = try PartList.parse(try await drain(body, into: receiver))
            let checksum = try PayloadPlan.joinedChecksum(request.headers)
            let object = try await receiver.run { directory throws(BlobError) in
                try directory.completeUpload(
                    key, uploadID: uploadID, parts: parts, checksum: checksum, limit: limit)
            }
            return .xml(S3XML.completed(bucket: bucket, key: key.description, etag: object.etag))
        case .abortMultipartUpload(let uploadID):
            try await drain(body, into: receiver)
            try await receiver.run { directory throws(BlobError) in
                try directory.abortUpload(key, uploadID: uploadID)
            }
            return .success(status: 204)
        case .getObject, .headObject:
            throw S3Error(.methodNotAllowed, "This operation has no body.")
        }
    }

    @discardableResult
    private func drain<Body: AsyncSequence>(
        _ body: Body, into receiver: UploadReceiver
    ) async throws -> [UInt8] where Body.Element == [UInt8] {
        for try await bytes in ClientBody(body) { try await receiver.collect(bytes) }
        return try await receiver.document()
    }

    private func read(_ request: Accepted, head: S3RequestHead) async throws -> S3Response {
        let key = request.verified.key.description
        let receiver = UploadReceiver(directory: directory, payload: request.payload)
        let found = try await receiver.run { directory throws(BlobError) in try directory.object(forKey: key)
        }
        guard let object = found else { throw S3Error(.noSuchKey, "There is no such object.") }
        return ObjectAnswer.make(object, range: request.headers["range"], head: head)
    }

    private static func stored(etag: String, checksum: ExpectedChecksum?) -> S3Response {
        .success(
            headers: [("ETag", "\"\(etag)\"")]
                + (checksum.map { [($0.algorithm.headerName, $0.base64)] } ?? []))
    }
}
