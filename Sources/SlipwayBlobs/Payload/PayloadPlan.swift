// What the headers of a request promise about its body: framing, length and checksums. Read before the body.
import Foundation

struct PayloadPlan: Sendable {
    enum Framing: Sendable, Equatable {
        /// The body is the payload; `sha256` is its hex hash unless the client leaves it unsigned.
        case plain(sha256: String?)
        case awsChunked(signed: Bool)
    }

    let framing: Framing
    /// Payload bytes to expect. Nil only for a body without a declared length, which `requiresLength`
    /// refuses.
    let length: Int64?
    let md5: [UInt8]?
    let checksum: ExpectedChecksum?
    /// The algorithm whose value follows in the trailer.
    let trailingChecksum: ChecksumAlgorithm?

    /// The plan of a body whose sender promises nothing.
    static let unstated = PayloadPlan()

    private init() {
        framing = .plain(sha256: nil)
        length = nil
        md5 = nil
        checksum = nil
        trailingChecksum = nil
    }

    /// `payloadHash` is the verified `x-amz-content-sha256`. With `checksumIsOfBody` false the checksum
    /// headers are left to `joinedChecksum`. Throws `MissingContentLength`, `InvalidDigest`,
    /// `InvalidArgument` or `InvalidRequest` for headers that contradict each other.
    init(
        headers: S3Headers, payloadHash: String, requiresLength: Bool, checksumIsOfBody: Bool = true
    ) throws(S3Error) {
        var trailing = false
        switch payloadHash {
        case "UNSIGNED-PAYLOAD": framing = .plain(sha256: nil)
        case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD": framing = .awsChunked(signed: true)
        case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER":
            framing = .awsChunked(signed: true)
            trailing = true
        case "STREAMING-UNSIGNED-PAYLOAD-TRAILER":
            framing = .awsChunked(signed: false)
            trailing = true
        case _ where Hex.isLowerHex(payloadHash, count: 64): framing = .plain(sha256: payloadHash)
        default: throw S3Error(.invalidArgument, "The value of x-amz-content-sha256 is not supported.")
        }
        let encodings = (headers["content-encoding"] ?? "").lowercased()
        if case .plain = framing, encodings.contains("aws-chunked") {
            throw S3Error(
                .invalidRequest, "An aws-chunked body needs a STREAMING value of x-amz-content-sha256.")
        }
        length = try Self.length(headers, framing: framing)
        guard length != nil || !requiresLength else {
            throw S3Error(.missingContentLength, "The length of the body is missing.")
        }
        md5 = try Self.md5(headers)
        checksum = checksumIsOfBody ? try Self.checksum(headers) : nil
        trailingChecksum = try Self.trailingChecksum(headers, allowed: trailing)
        guard checksum == nil || trailingChecksum == nil else {
            throw S3Error(.invalidRequest, "A checksum comes either in a header or in the trailer.")
        }
    }

    /// The checksum of the joined object that CompleteMultipartUpload may state: over its bytes, or, with the
    /// ending `-{count}`, over the checksums of its parts.
    static func joinedChecksum(_ headers: S3Headers) throws(S3Error) -> JoinedChecksum? {
        guard let (algorithm, text) = try statedChecksum(headers) else { return nil }
        let halves = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard let expected = ExpectedChecksum(algorithm, base64: String(halves[0])) else {
            throw invalid(algorithm)
        }
        guard halves.count == 2 else { return .ofBytes(expected) }
        guard let count = DecimalText.parse(halves[1]) else { throw invalid(algorithm) }
        return .ofParts(expected, count: count)
    }

    private static func length(_ headers: S3Headers, framing: Framing) throws(S3Error) -> Int64? {
        let name = if case .plain = framing { "content-length" } else { "x-amz-decoded-content-length" }
        guard let text = headers[name] else { return nil }
        guard let length = DecimalText.parse(text) else {
            throw S3Error(.invalidArgument, "The header \(name) is not a length.")
        }
        return Int64(length)
    }

    private static func md5(_ headers: S3Headers) throws(S3Error) -> [UInt8]? {
        guard let text = headers["content-md5"] else { return nil }
        guard let value = Data(base64Encoded: text), value.count == 16 else {
            throw S3Error(.invalidDigest, "The header Content-MD5 is not the base64 of an MD5.")
        }
        return [UInt8](value)
    }

    private static func checksum(_ headers: S3Headers) throws(S3Error) -> ExpectedChecksum? {
        guard let (algorithm, text) = try statedChecksum(headers) else { return nil }
        guard let expected = ExpectedChecksum(algorithm, base64: text) else { throw invalid(algorithm) }
        return expected
    }

    private static func statedChecksum(_ headers: S3Headers) throws(S3Error) -> (ChecksumAlgorithm, String)? {
        let found = ChecksumAlgorithm.allCases.compactMap { algorithm in
            headers[algorithm.headerName].map { (algorithm, $0) }
        }
        guard found.count <= 1 else { throw S3Error(.invalidRequest, "Only one checksum may be given.") }
        return found.first
    }

    private static func invalid(_ algorithm: ChecksumAlgorithm) -> S3Error {
        S3Error(.invalidRequest, "The value of \(algorithm.headerName) is invalid.")
    }

    private static func trailingChecksum(
        _ headers: S3Headers, allowed: Bool
    ) throws(S3Error) -> ChecksumAlgorithm? {
        guard let name = headers["x-amz-trailer"] else { return nil }
        guard allowed, let algorithm = ChecksumAlgorithm(headerName: name) else {
            throw S3Error(
                .invalidRequest, "The value of x-amz-trailer is not a checksum this body can end with.")
        }
        return algorithm
    }
}
