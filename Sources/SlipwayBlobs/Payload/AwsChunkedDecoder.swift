// Takes the aws-chunked framing off a body, however its bytes are split, and checks the signature of every
// chunk and of the trailer where the client signs them. Called by `PayloadReceiver`.
import Crypto
import Foundation

/// Incremental and strict: anything but the exact framing is refused, and memory use is constant.
struct AwsChunkedDecoder {
    /// What the chunks are signed with.
    struct ChunkSignatures {
        let signer: Signer
        /// The request's own signature, which the first chunk's continues.
        let seed: String
    }

    /// Longest line before a chunk: 16 hex digits, `;chunk-signature=` and 64 more, with room to spare.
    static let maximumChunkHeaderBytes = 128
    /// Longest trailer: one checksum and one signature with their names.
    static let maximumTrailerBytes = 1024

    private enum State: Equatable {
        case chunkHeader
        case data(remaining: Int64)
        case dataEnd
        case trailer
        case end
    }

    private let signatures: ChunkSignatures?
    /// Lower-case names of the headers that must follow the last chunk, and no others.
    private let trailerNames: Set<String>
    private let decodedLength: Int64

    private var state = State.chunkHeader
    private var line: [UInt8] = []
    private var trailerBytes = 0
    private var trailer: [(name: String, value: String)] = []
    private var trailerSignature: String?
    private var received: Int64 = 0
    private var previousSignature: String
    private var claimedSignature = ""
    private var chunkHash = SHA256()

    /// `decodedLength` is what `x-amz-decoded-content-length` says, in bytes.
    init(decodedLength: Int64, signatures: ChunkSignatures?, trailerNames: Set<String>) {
        self.decodedLength = decodedLength
        self.signatures = signatures
        self.trailerNames = trailerNames
        previousSignature = signatures?.seed ?? ""
    }

    /// Decodes the next bytes of the body and hands runs of payload to `sink`. The payload of a chunk is
    /// handed on before its signature is known: nothing of it may be used until `finish` has returned.
    mutating func decode(_ bytes: ArraySlice<UInt8>, into sink: (ArraySlice<UInt8>) throws -> Void) throws {
        var rest = bytes
        while !rest.isEmpty {
            if case .data(let remaining) = state {
                let run = rest.prefix(Int(min(remaining, Int64(rest.count))))
                rest = rest.dropFirst(run.count)
                if signatures != nil { chunkHash.update(data: run) }
                try sink(run)
                received += Int64(run.count)
                let left = remaining - Int64(run.count)
                state = left == 0 ? .dataEnd : .data(remaining: left)
            } else {
                guard let text = try takeLine(&rest) else { return }
                try handle(text)
            }
        }
    }

    /// The trailing headers, after checking that the body was complete.
    func finish() throws(S3Error) -> [(name: String, value: String)] {
        guard state == .end else { throw S3Error(.incompleteBody, "The body ends before its last chunk.") }
        guard received == decodedLength else {
            throw S3Error(.incompleteBody, "The body is shorter than x-amz-decoded-content-length.")
        }
        return trailer
    }

    /// The next line without its CRLF; nil when more bytes are needed.
    private mutating func takeLine(_ rest: inout ArraySlice<UInt8>) throws(S3Error) -> String? {
        let limit: Int
        switch state {
        case .chunkHeader: limit = Self.maximumChunkHeaderBytes
        case .dataEnd: limit = 0
        case .trailer: limit = Self.maximumTrailerBytes - trailerBytes
        case .data, .end: throw Self.broken("There are bytes after the last chunk.")
        }
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\n"), line.last == UInt8(ascii: "\r") {
                line.removeLast()
                guard let text = String(validating: line, as: UTF8.self), !text.contains("\r") else {
                    throw Self.broken("A line is not text.")
                }
                line.removeAll(keepingCapacity: true)
                return text
            }
            line.append(byte)
            // A line of `limit` bytes and its carriage return may be waiting for the newline.
            guard line.count <= limit || (line.count == limit + 1 && byte == UInt8(ascii: "\r")) else {
                throw Self.broken("A line is too long or does not end in CRLF.")
            }
        }
        return nil
    }

    private mutating func handle(_ text: String) throws(S3Error) {
        switch state {
        case .chunkHeader: try beginChunk(text)
        case .dataEnd:
            try checkChunk()
            state = .chunkHeader
        case .trailer:
            trailerBytes += text.utf8.count + 2
            try text.isEmpty ? endTrailer() : addTrailer(text)
        case .data, .end: throw Self.broken("There are bytes after the last chunk.")
        }
    }

    private mutating func beginChunk(_ text: String) throws(S3Error) {
        let fields = text.split(separator: ";", omittingEmptySubsequences: false)
        guard (1...16).contains(fields[0].utf8.count), let size = Int64(fields[0], radix: 16),
            fields[0].utf8.allSatisfy({ Hex.value($0) != nil })
        else { throw Self.broken("A chunk size is not a hexadecimal number.") }
        guard size <= decodedLength - received else {
            throw S3Error(.incompleteBody, "The chunks are longer than x-amz-decoded-content-length.")
        }
        if signatures == nil {
            guard fields.count == 1 else {
                throw Self.broken("A chunk of an unsigned body has an extension.")
            }
        } else {
            let name = "chunk-signature="
            guard fields.count == 2, fields[1].hasPrefix(name),
                Hex.isLowerHex(fields[1].dropFirst(name.count), count: 64)
            else { throw Self.broken("A chunk has no signature.") }
            claimedSignature = String(fields[1].dropFirst(name.count))
            chunkHash = SHA256()
        }
        guard size == 0 else {
            state = .data(remaining: size)
            return
        }
        try checkChunk()
        state = .trailer
    }

    private mutating func checkChunk() throws(S3Error) {
        guard let signatures else { return }
        let expected = signatures.signer.signChunk(
            after: previousSignature, dataHash: Hex.encode(chunkHash.finalize()))
        guard constantTimeEqual(expected, claimedSignature) else {
            throw S3Error(.signatureDoesNotMatch, "The signature of a chunk does not match its bytes.")
        }
        previousSignature = expected
    }

    private mutating func addTrailer(_ text: String) throws(S3Error) {
        let halves = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard halves.count == 2, trailerSignature == nil else {
            throw Self.brokenTrailer("The trailer is not a list of headers.")
        }
        let name = halves[0].lowercased()
        let value = halves[1].trimmingCharacters(in: .whitespaces)
        if name == "x-amz-trailer-signature" {
            guard signatures != nil, !trailerNames.isEmpty, Hex.isLowerHex(value, count: 64) else {
                throw Self.brokenTrailer("The trailer has a signature that does not belong there.")
            }
            trailerSignature = value
        } else {
            guard trailerNames.contains(name), !trailer.contains(where: { $0.name == name }) else {
                throw Self.brokenTrailer("The trailer has a header that x-amz-trailer does not announce.")
            }
            trailer.append((name, value))
        }
    }

    private mutating func endTrailer() throws(S3Error) {
        guard trailer.count == trailerNames.count else {
            throw Self.brokenTrailer("A header that x-amz-trailer announces is missing.")
        }
        if let signatures, !trailerNames.isEmpty {
            let expected = signatures.signer.signTrailer(
                after: previousSignature, lines: trailer.map { "\($0.name):\($0.value)\n" }.joined())
            guard let trailerSignature, constantTimeEqual(expected, trailerSignature) else {
                throw S3Error(.signatureDoesNotMatch, "The signature of the trailer does not match it.")
            }
        }
        state = .end
    }

    private static func broken(_ message: String) -> S3Error { S3Error(.invalidChunk, message) }
    private static func brokenTrailer(_ message: String) -> S3Error { S3Error(.malformedTrailer, message) }
}
