// The `x-amz-checksum-*` algorithms: their names, running digests, and values a client expects.
import Crypto
import Foundation

enum ChecksumAlgorithm: String, CaseIterable, Sendable {
    case crc32, crc32c, crc64nvme, sha1, sha256

    /// `x-amz-checksum-crc32`; also the name of a trailer.
    var headerName: String { "x-amz-checksum-\(rawValue)" }
    /// `ChecksumCRC32`, as the part list names it.
    var elementName: String { "Checksum\(rawValue.uppercased())" }

    init?(headerName: String) {
        guard let match = Self.allCases.first(where: { $0.headerName == headerName.lowercased() }) else {
            return nil
        }
        self = match
    }

    /// Length of the value in bytes.
    var byteCount: Int {
        switch self {
        case .crc32, .crc32c: 4
        case .crc64nvme: 8
        case .sha1: 20
        case .sha256: 32
        }
    }
}

/// A checksum of an object that a client stated.
struct ExpectedChecksum: Equatable, Sendable {
    let algorithm: ChecksumAlgorithm
    let value: [UInt8]

    /// Nil unless the text is the base64 of a value of the algorithm's length.
    init?(_ algorithm: ChecksumAlgorithm, base64: String) {
        guard let value = Data(base64Encoded: base64), value.count == algorithm.byteCount else { return nil }
        self.algorithm = algorithm
        self.value = [UInt8](value)
    }

    var base64: String { Data(value).base64EncodedString() }
}

/// A checksum of an object that is joined from parts.
enum JoinedChecksum: Equatable, Sendable {
    case ofBytes(ExpectedChecksum)
    /// Over the parts' own checksums, one after the other.
    case ofParts(ExpectedChecksum, count: Int)
}

/// A checksum being computed.
enum RunningChecksum {
    case crc(ReflectedCRC)
    case sha1(Insecure.SHA1)
    case sha256(SHA256)

    init(_ algorithm: ChecksumAlgorithm) {
        switch algorithm {
        case .crc32: self = .crc(ReflectedCRC(.crc32))
        case .crc32c: self = .crc(ReflectedCRC(.crc32c))
        case .crc64nvme: self = .crc(ReflectedCRC(.crc64nvme))
        case .sha1: self = .sha1(Insecure.SHA1())
        case .sha256: self = .sha256(SHA256())
        }
    }

    mutating func update(_ bytes: ArraySlice<UInt8>) {
        switch self {
        case .crc(var crc):
            crc.update(bytes)
            self = .crc(crc)
        case .sha1(var hash):
            hash.update(data: bytes)
            self = .sha1(hash)
        case .sha256(var hash):
            hash.update(data: bytes)
            self = .sha256(hash)
        }
    }

    /// The checksum of all bytes so far.
    var value: [UInt8] {
        switch self {
        case .crc(let crc): crc.value
        case .sha1(let hash): Array(hash.finalize())
        case .sha256(let hash): Array(hash.finalize())
        }
    }
}
