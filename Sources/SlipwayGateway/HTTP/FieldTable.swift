// The header fields of one message: where they are in its bytes and which ones they are. One table is used again
// for every message of an event loop.

import Glibc
import SlipwayCore

/// A field by its places in the message's bytes.
struct Field {
    var kind: FieldKind
    /// From the name's first byte to after the line's end.
    var start: Int32
    var nameEnd: Int32
    var valueStart: Int32
    var valueEnd: Int32
    var end: Int32
}

final class FieldTable {
    /// Fields of one message; more are refused.
    static let capacity = 200

    private let fields = UnsafeMutablePointer<Field>.allocate(capacity: capacity)
    private(set) var count = 0

    deinit { fields.deallocate() }

    subscript(index: Int) -> Field {
        _read {
            precondition(index < count)
            yield fields[index]
        }
    }

    /// Reads field lines from `start` on until the empty line.
    ///
    /// - Parameter message: holds the empty line; every line end is known to be CR LF.
    /// - Returns: the place after the empty line.
    /// - Throws: 400 for a line that is not a field, 431 for too many (RFC 9112 section 5).
    func read(_ message: UnsafeRawBufferPointer, from start: Int) throws(PlatformError) -> Int {
        count = 0
        var position = start
        while message[position] != 13 {
            position = try readField(message, position)
        }
        return position + 2
    }

    private func readField(_ message: UnsafeRawBufferPointer, _ start: Int) throws(PlatformError) -> Int {
        guard count < Self.capacity else {
            throw PlatformError(
                status: 431, code: "client_error", message: "There are too many header fields.")
        }
        var place = start
        while Characters.isToken(message[place]) { place += 1 }
        guard message[place] == 58, place > start else {
            throw PlatformErrors.badRequest("A header line is malformed.")
        }
        let nameEnd = place
        place += 1
        while message[place] == 32 || message[place] == 9 { place += 1 }
        let valueStart = place
        while Characters.isValue(message[place]) { place += 1 }
        // The line's end, since nothing else than its CR may stop here.
        guard message[place] == 13, message[place + 1] == 10 else {
            throw PlatformErrors.badRequest("A header has a character that is not allowed.")
        }
        var valueEnd = place
        while valueEnd > valueStart, message[valueEnd - 1] == 32 || message[valueEnd - 1] == 9 {
            valueEnd -= 1
        }
        fields[count] = Field(
            kind: FieldKind(name: message.part(start, nameEnd)), start: Int32(start), nameEnd: Int32(nameEnd),
            valueStart: Int32(valueStart), valueEnd: Int32(valueEnd), end: Int32(place + 2))
        count += 1
        return place + 2
    }
}

extension UnsafeRawBufferPointer {
    func name(of field: Field) -> UnsafeRawBufferPointer { part(Int(field.start), Int(field.nameEnd)) }
    func value(of field: Field) -> UnsafeRawBufferPointer { part(Int(field.valueStart), Int(field.valueEnd)) }
    /// Name, value and line end, as received.
    func line(of field: Field) -> UnsafeRawBufferPointer { part(Int(field.start), Int(field.end)) }
}

/// Looks for the empty line that ends a head, in bytes that come bit by bit.
struct HeadScan {
    /// Where the line begins that has not ended yet.
    private var lineStart = 0
    private var scanned = 0

    /// - Returns: the place after the empty line, nil when it has not come.
    /// - Throws: 400 for a line that does not end with CR LF.
    mutating func end(of message: UnsafeRawBufferPointer) throws(PlatformError) -> Int? {
        guard let base = message.baseAddress else { return nil }
        while scanned < message.count,
            let found = memchr(base + scanned, 10, message.count - scanned)
        {
            let place = UnsafeRawPointer(found) - base
            guard place > 0, message[place - 1] == 13 else {
                throw PlatformErrors.badRequest("A line does not end with CR LF.")
            }
            let isEmpty = place - 1 == lineStart
            scanned = place + 1
            lineStart = scanned
            if isEmpty { return scanned }
        }
        scanned = message.count
        return nil
    }
}
