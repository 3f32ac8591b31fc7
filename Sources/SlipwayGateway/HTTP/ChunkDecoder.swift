// Takes a chunked body apart (RFC 9112 section 7.1). Strict: what another reader could understand differently is
// an error.

import SlipwayCore

struct ChunkDecoder {
    /// Bytes of one size line with its extensions.
    private static let longestSizeLine = 256
    private static let longestTrailer = 8 * 1024

    private enum Stage { case size, extensions, sizeEnd, data, dataEnd, dataEndLine, trailer, done }

    private var stage = Stage.size
    private var digits = 0
    private var left = 0
    private var lineLength = 0
    private var trailerLength = 0
    /// Of the trailer: how much of CR LF CR LF has been seen, the size line's end counted.
    private var lineIsEmpty = true
    private var carriage = false

    var isComplete: Bool { stage == .done }

    enum Piece {
        /// Bytes of the body.
        case data(UnsafeRawBufferPointer)
        /// Bytes of the trailer section, line ends and the empty last line included.
        case trailer(UnsafeRawBufferPointer)
    }

    /// Takes the next piece off the front of `bytes`; nil when more are needed or the body is complete.
    ///
    /// - Throws: 400 for anything but well-formed chunks.
    mutating func next(_ bytes: inout UnsafeRawBufferPointer) throws(PlatformError) -> Piece? {
        while let byte = bytes.first {
            switch stage {
            case .done: return nil
            case .data:
                let count = min(left, bytes.count)
                let piece = bytes.part(0, count)
                bytes = bytes.part(count, bytes.count)
                left -= count
                if left == 0 { stage = .dataEnd }
                return .data(piece)
            case .trailer: return .trailer(try trailer(&bytes))
            default:
                bytes = bytes.part(1, bytes.count)
                try step(byte)
            }
        }
        return nil
    }

    private mutating func step(_ byte: UInt8) throws(PlatformError) {
        switch stage {
        case .size, .extensions:
            lineLength += 1
            guard lineLength <= Self.longestSizeLine else { throw Self.malformed }
            if byte == 13, digits > 0 { return stage = .sizeEnd }
            if stage == .extensions {
                guard Characters.isValue(byte) else { throw Self.malformed }
            } else if let digit = Self.digit(byte) {
                digits += 1
                guard digits <= 15 else { throw Self.malformed }
                left = left << 4 | digit
            } else {
                guard byte == 59, digits > 0 else { throw Self.malformed }
                stage = .extensions
            }
        case .sizeEnd:
            guard byte == 10 else { throw Self.malformed }
            stage = left == 0 ? .trailer : .data
            (digits, lineLength) = (0, 0)
        case .dataEnd:
            guard byte == 13 else { throw Self.malformed }
            stage = .dataEndLine
        case .dataEndLine:
            guard byte == 10 else { throw Self.malformed }
            stage = .size
        case .data, .trailer, .done: break
        }
    }

    /// The trailer's bytes up to its end or that of `bytes`.
    private mutating func trailer(
        _ bytes: inout UnsafeRawBufferPointer
    ) throws(PlatformError) -> UnsafeRawBufferPointer {
        var count = 0
        for byte in bytes {
            count += 1
            trailerLength += 1
            guard trailerLength <= Self.longestTrailer, carriage == (byte == 10) else { throw Self.malformed }
            if carriage {
                carriage = false
                if lineIsEmpty {
                    stage = .done
                    break
                }
                lineIsEmpty = true
            } else if byte == 13 {
                carriage = true
            } else {
                lineIsEmpty = false
            }
        }
        defer { bytes = bytes.part(count, bytes.count) }
        return bytes.part(0, count)
    }

    private static let malformed = PlatformErrors.badRequest("The chunked body is malformed.")

    private static func digit(_ byte: UInt8) -> Int? {
        switch byte {
        case 48...57: Int(byte - 48)
        case 65...70: Int(byte - 55)
        case 97...102: Int(byte - 87)
        default: nil
        }
    }
}
