// Takes the bytes of one body as they arrive, hands its payload on, and at the end checks every promise of
// its `PayloadPlan`. Memory use does not depend on the size of the body.
import Crypto
import Foundation

struct PayloadReceiver {
    /// What is known of a body that kept all its promises.
    struct Received: Sendable {
        let size: Int64
        let md5: [UInt8]
        /// The checksum the client gave, now verified.
        let checksum: ExpectedChecksum?
    }

    private let plan: PayloadPlan
    private let limit: Int64
    private var decoder: AwsChunkedDecoder?
    private var size: Int64 = 0
    private var md5 = Insecure.MD5()
    private var sha256: SHA256?
    private var checksum: RunningChecksum?

    /// Throws `EntityTooLarge` when the promised length is over `limit` (bytes).
    init(plan: PayloadPlan, verified: RequestVerifier.Verified, limit: Int64) throws(S3Error) {
        self.plan = plan
        self.limit = limit
        guard plan.length ?? 0 <= limit else { throw Self.tooLarge(limit) }
        switch plan.framing {
        case .plain(let hash): sha256 = hash == nil ? nil : SHA256()
        case .awsChunked(let signed):
            guard let length = plan.length else {
                throw S3Error(.missingContentLength, "The header x-amz-decoded-content-length is missing.")
            }
            decoder = AwsChunkedDecoder(
                decodedLength: length,
                signatures: signed ? .init(signer: verified.signer, seed: verified.seedSignature) : nil,
                trailerNames: Set(plan.trailingChecksum.map { [$0.headerName] } ?? []))
        }
        checksum = (plan.checksum?.algorithm ?? plan.trailingChecksum).map(RunningChecksum.init)
    }

    /// For a body that promises nothing, of at most `limit` bytes.
    init(limit: Int64) {
        plan = .unstated
        self.limit = limit
    }

    /// Takes the next bytes of the body; `sink` gets the payload among them.
    mutating func receive(_ bytes: [UInt8], into sink: (ArraySlice<UInt8>) throws -> Void) throws {
        guard var decoder else {
            try take(bytes[...], into: sink)
            return
        }
        self.decoder = nil
        defer { self.decoder = decoder }
        try decoder.decode(bytes[...]) { try take($0, into: sink) }
    }

    private mutating func take(_ bytes: ArraySlice<UInt8>, into sink: (ArraySlice<UInt8>) throws -> Void)
        throws
    {
        size += Int64(bytes.count)
        guard size <= limit else { throw Self.tooLarge(limit) }
        guard size <= plan.length ?? limit else {
            throw S3Error(.incompleteBody, "The body is longer than its declared length.")
        }
        md5.update(data: bytes)
        sha256?.update(data: bytes)
        checksum?.update(bytes)
        try sink(bytes)
    }

    /// Throws what is wrong with the body now that it has ended: `IncompleteBody`, a framing error,
    /// `XAmzContentSHA256Mismatch`, `BadDigest` or `MalformedTrailerError`.
    func finish() throws(S3Error) -> Received {
        let trailer = try decoder?.finish() ?? []
        guard size == plan.length ?? size else {
            throw S3Error(.incompleteBody, "The body is shorter than its declared length.")
        }
        if case .plain(let expected?) = plan.framing, let sha256,
            !constantTimeEqual(Hex.encode(sha256.finalize()), expected)
        {
            throw S3Error(
                .contentSHA256Mismatch, "The body is not the one x-amz-content-sha256 was made for.")
        }
        let digest = Array(md5.finalize())
        guard plan.md5 == nil || plan.md5 == digest else {
            throw S3Error(.badDigest, "The body does not match Content-MD5.")
        }
        return Received(size: size, md5: digest, checksum: try verifiedChecksum(trailer))
    }

    private func verifiedChecksum(
        _ trailer: [(name: String, value: String)]
    ) throws(S3Error) -> ExpectedChecksum? {
        var expected = plan.checksum
        if let algorithm = plan.trailingChecksum {
            guard let value = ExpectedChecksum(algorithm, base64: trailer.first?.value ?? "") else {
                throw S3Error(.malformedTrailer, "The checksum in the trailer is not valid.")
            }
            expected = value
        }
        guard let expected, let checksum else { return nil }
        guard checksum.value == expected.value else {
            throw S3Error(.badDigest, "The body does not match its \(expected.algorithm.headerName).")
        }
        return expected
    }

    private static func tooLarge(_ limit: Int64) -> S3Error {
        S3Error(.entityTooLarge, "The object is larger than the allowed \(limit) bytes.")
    }
}
