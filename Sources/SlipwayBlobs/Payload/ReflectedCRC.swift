// Table-driven cyclic redundancy checks of the three kinds S3 clients send.

/// A reflected CRC of 32 or 64 bits with an all-ones start and final inversion.
struct ReflectedCRC {
    /// The bytewise table of one polynomial and the width of its register.
    struct Table: Sendable {
        let width: Int
        let entries: [UInt64]

        init(width: Int, reversedPolynomial: UInt64) {
            self.width = width
            entries = (0..<256).map { index in
                (0..<8).reduce(UInt64(index)) { value, _ in
                    value & 1 == 1 ? value >> 1 ^ reversedPolynomial : value >> 1
                }
            }
        }

        static let crc32 = Table(width: 32, reversedPolynomial: 0xEDB8_8320)
        static let crc32c = Table(width: 32, reversedPolynomial: 0x82F6_3B78)
        static let crc64nvme = Table(width: 64, reversedPolynomial: 0x9A6C_9329_AC4B_C9B5)
    }

    private let table: Table
    private let allOnes: UInt64
    private var register: UInt64

    init(_ table: Table) {
        self.table = table
        allOnes = UInt64.max >> UInt64(64 - table.width)
        register = allOnes
    }

    mutating func update(_ bytes: ArraySlice<UInt8>) {
        bytes.withUnsafeBufferPointer { bytes in
            table.entries.withUnsafeBufferPointer { entries in
                var value = register
                for byte in bytes {
                    value = entries[Int(UInt8(truncatingIfNeeded: value) ^ byte)] ^ (value >> 8)
                }
                register = value
            }
        }
    }

    /// The check value, most significant byte first.
    var value: [UInt8] {
        let final = register ^ allOnes
        return stride(from: table.width - 8, through: 0, by: -8).map {
            UInt8(truncatingIfNeeded: final >> $0)
        }
    }
}
