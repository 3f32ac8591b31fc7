// What can go wrong with the objects on the disk. Thrown by `BlobDirectory`; `S3Service` translates it.
import Foundation

/// A refused or failed operation on the blob directory.
public enum BlobError: Error, Equatable, Sendable {
    case badKey(String)
    /// The object is larger than `limit` bytes.
    case tooLarge(limit: Int64)
    /// The disk (or its quota) is full.
    case noSpace(operation: String)
    /// A system call failed; `reason` is the text of its errno.
    case io(operation: String, reason: String)
    case noSuchUpload
    /// The part list names a part that is not there, or not with that ETag.
    case noSuchPart(number: Int)
    /// The bytes of a part (or, with nil, of the whole object) do not match their stated checksum.
    case checksumMismatch(part: Int?)
    /// One key has this many unfinished uploads already.
    case tooManyUploads(limit: Int)
    /// The key was pushed: it takes no upload any more.
    case frozen

    /// The error for the current errno.
    static func lastError(_ operation: String, code: Int32 = errno) -> BlobError {
        code == ENOSPC || code == EDQUOT
            ? .noSpace(operation: operation)
            : .io(operation: operation, reason: String(cString: strerror(code)))
    }
}
