// How failures of the disk and of the client's connection appear to an S3 client.

extension S3Error {
    init(_ error: BlobError) {
        switch error {
        case .badKey: self.init(.invalidArgument, "The key is not allowed.")
        case .tooLarge(let limit):
            self.init(.entityTooLarge, "The object is larger than the allowed \(limit) bytes.")
        case .noSpace(let operation):
            self.init(
                .insufficientStorage, "The server's disk is full.", diagnostic: "\(operation): disk full")
        case .io(let operation, let reason):
            self.init(
                .internalError, "The server could not use its disk.", diagnostic: "\(operation): \(reason)")
        case .noSuchUpload: self.init(.noSuchUpload, "There is no such upload; it was completed or aborted.")
        case .noSuchPart(let number):
            self.init(.invalidPart, "Part \(number) has another ETag or was not uploaded.")
        case .checksumMismatch(let part?):
            self.init(.badDigest, "Part \(part) does not match its checksum in the part list.")
        case .checksumMismatch(nil): self.init(.badDigest, "The object does not match its checksum.")
        case .tooManyUploads(let limit):
            self.init(.slowDown, "The key has \(limit) unfinished uploads; abort one first.")
        case .frozen:
            self.init(.accessDenied, "The archive was pushed; its upload has ended. Ask for a new one.")
        }
    }

    /// Any error that carrying out a request can end in.
    init(translating error: any Error) {
        switch error {
        case let error as S3Error: self = error
        case let error as BlobError: self.init(error)
        case is ClientBodyError, is CancellationError:
            self.init(.incompleteBody, "The body ended early.", diagnostic: "the client went away")
        default:
            self.init(.internalError, "The server failed.", diagnostic: String(describing: type(of: error)))
        }
    }
}
