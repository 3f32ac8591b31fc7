// The aws-chunked framing: every split of good input, and a table of malformed input.
import Foundation
import Testing

@testable import SlipwayBlobs

@Suite struct AwsChunkedDecoderTests {
    private static let trailer = "x-amz-checksum-crc32"

    /// Decodes `body` in pieces of `size` bytes.
    private static func decode(
        _ body: String, size: Int = 1000, length: Int64 = 5, trailers: Set<String> = [trailer]
    ) throws -> (payload: String, trailer: [String]) {
        var decoder = AwsChunkedDecoder(decodedLength: length, signatures: nil, trailerNames: trailers)
        let bytes = Array(body.utf8)
        var payload: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            try decoder.decode(bytes[start..<min(start + size, bytes.count)]) { payload += $0 }
        }
        let trailer = try decoder.finish().map { "\($0.name)=\($0.value)" }
        return (String(decoding: payload, as: UTF8.self), trailer)
    }

    private static let good = "3\r\nabc\r\n02\r\n\r\n\r\n0\r\nX-Amz-Checksum-Crc32: AAAA\r\n\r\n"

    @Test(arguments: 1...good.utf8.count)
    func `the split of the input does not matter`(size: Int) throws {
        let (payload, trailer) = try Self.decode(Self.good, size: size)
        #expect(payload == "abc\r\n")
        #expect(trailer == ["x-amz-checksum-crc32=AAAA"])
    }

    @Test func `an empty body is one last chunk`() throws {
        let (payload, trailer) = try Self.decode("0\r\n\r\n", length: 0, trailers: [])
        #expect(payload.isEmpty && trailer.isEmpty)
    }

    struct Malformed: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let body: String
        let code: S3Error.Code
        init(_ name: String, _ body: String, _ code: S3Error.Code) {
            (testDescription, self.body, self.code) = (name, body, code)
        }
    }

    static let malformed = [
        Malformed("nothing", "", .incompleteBody),
        Malformed("size is no number", "x\r\nabcde\r\n", .invalidChunk),
        Malformed("size has a sign", "+5\r\nabcde\r\n", .invalidChunk),
        Malformed("size is negative", "-5\r\nabcde\r\n", .invalidChunk),
        Malformed("size has a prefix", "0x5\r\nabcde\r\n", .invalidChunk),
        Malformed("size is empty", "\r\nabcde\r\n", .invalidChunk),
        Malformed("size has a blank", "5 \r\nabcde\r\n", .invalidChunk),
        Malformed("size overflows", "ffffffffffffffff\r\nabcde\r\n", .invalidChunk),
        Malformed("size has 17 digits", "00000000000000005\r\nabcde\r\n", .invalidChunk),
        Malformed("size line is huge", String(repeating: "0", count: 5000), .invalidChunk),
        Malformed("size line ends in LF", "5\nabcde\r\n0\r\n\r\n", .invalidChunk),
        Malformed("unsigned chunk with extension", "5;a=b\r\nabcde\r\n", .invalidChunk),
        Malformed("chunk longer than promised", "6\r\nabcdef\r\n", .incompleteBody),
        Malformed("chunks longer than promised", "5\r\nabcde\r\n1\r\nf\r\n", .incompleteBody),
        Malformed("no CRLF after data", "5\r\nabcdeX\r\n", .invalidChunk),
        Malformed("data longer than its chunk", "3\r\nabcde\r\n", .invalidChunk),
        Malformed("LF alone after data", "5\r\nabcde\n0\r\n\r\n", .invalidChunk),
        Malformed("ends in data", "5\r\nabc", .incompleteBody),
        Malformed("ends after data", "5\r\nabcde\r\n", .incompleteBody),
        Malformed("ends in the trailer", "5\r\nabcde\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n", .incompleteBody),
        Malformed(
            "shorter than promised", "3\r\nabc\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n", .incompleteBody),
        Malformed("trailer missing", "5\r\nabcde\r\n0\r\n\r\n", .malformedTrailer),
        Malformed("trailer without colon", "5\r\nabcde\r\n0\r\nfoo\r\n\r\n", .malformedTrailer),
        Malformed("trailer not announced", "5\r\nabcde\r\n0\r\nx-evil:1\r\n\r\n", .malformedTrailer),
        Malformed(
            "trailer twice",
            "5\r\nabcde\r\n0\r\nx-amz-checksum-crc32:AAAA\r\nx-amz-checksum-crc32:AAAA\r\n\r\n",
            .malformedTrailer),
        Malformed(
            "signature nobody asked for",
            "5\r\nabcde\r\n0\r\nx-amz-checksum-crc32:A\r\nx-amz-trailer-signature:"
                + String(repeating: "a", count: 64) + "\r\n\r\n",
            .malformedTrailer),
        Malformed(
            "trailer is huge", "5\r\nabcde\r\n0\r\n\(String(repeating: "a", count: 5000))", .invalidChunk),
        Malformed(
            "bytes after the end", "5\r\nabcde\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\nx", .invalidChunk),
    ]

    @Test(arguments: malformed, [1, 3, 10_000])
    func `malformed framing is refused`(_ input: Malformed, size: Int) {
        let error = #expect(throws: S3Error.self) { try Self.decode(input.body, size: size) }
        #expect(error?.code == input.code)
    }
}
