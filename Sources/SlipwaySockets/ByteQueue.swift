// Bytes that wait, in one block of memory: appended at the end, taken from the front.

import Glibc

public struct ByteQueue: ~Copyable {
    private var base: UnsafeMutableRawPointer?
    private var capacity = 0
    private var start = 0
    private var end = 0

    public init() {}

    deinit { free(base) }

    public var count: Int { end - start }
    public var isEmpty: Bool { end == start }

    /// What waits; valid until the next change.
    public var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base.map { UnsafeRawPointer($0 + start) }, count: count)
    }

    public mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, bytes.count > 0 else { return }
        memcpy(room(for: bytes.count), source, bytes.count)
        end += bytes.count
    }

    public mutating func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    public mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    public mutating func append(_ byte: UInt8) {
        room(for: 1).storeBytes(of: byte, as: UInt8.self)
        end += 1
    }

    /// In decimal digits.
    public mutating func append(decimal number: Int) {
        if number >= 10 { append(decimal: number / 10) }
        append(UInt8(48 + number % 10))
    }

    /// In hexadecimal digits.
    public mutating func append(hexadecimal number: Int) {
        if number >= 16 { append(hexadecimal: number / 16) }
        let digit = UInt8(number % 16)
        append(digit < 10 ? 48 + digit : 87 + digit)
    }

    public mutating func removeFirst(_ number: Int) {
        start += number
        if start == end { (start, end) = (0, 0) }
    }

    /// Forgets all bytes and gives the memory back if it is more than `kept` bytes.
    public mutating func removeAll(keeping kept: Int = 0) {
        (start, end) = (0, 0)
        guard capacity > kept else { return }
        free(base)
        base = nil
        capacity = 0
    }

    private mutating func room(for number: Int) -> UnsafeMutableRawPointer {
        if end + number > capacity { grow(by: number) }
        // `grow` has made a block if there was none.
        return base.unsafelyUnwrapped + end
    }

    private mutating func grow(by number: Int) {
        let waiting = count
        if waiting + number <= capacity, start >= capacity / 2, let base {
            memmove(base, base + start, waiting)
        } else {
            let larger = max(512, max(capacity * 2, waiting + number))
            guard let block = malloc(larger) else { fatalError("out of memory") }
            if let base { memcpy(block, base + start, waiting) }
            free(base)
            base = block
            capacity = larger
        }
        (start, end) = (0, waiting)
    }
}
