// Names and values as forms and queries send them.

import SlipwayControl

/// Decoded pairs of `application/x-www-form-urlencoded`.
struct FormFields: Sendable, Equatable {
    private let pairs: [(name: String, value: String)]

    static func == (one: Self, other: Self) -> Bool {
        one.pairs.elementsEqual(other.pairs) { $0 == $1 }
    }

    init() { pairs = [] }

    /// More would be nobody's form.
    static let maxFields = 2000

    /// - Throws: `ControlError.validation` for an escape that cannot be decoded, or too many fields.
    init(_ bytes: some Sequence<UInt8>) throws(ControlError) {
        var pairs: [(String, String)] = []
        let parts = Array(bytes).split(separator: UInt8(ascii: "&"), maxSplits: Self.maxFields)
        guard parts.count <= Self.maxFields else {
            throw .validation("The form has more than \(Self.maxFields) fields.")
        }
        for pair in parts {
            let halves = pair.split(
                separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            pairs.append((try Self.decode(halves[0]), try Self.decode(halves.count == 2 ? halves[1] : [])))
        }
        self.pairs = pairs
    }

    /// The last value of that name.
    subscript(name: String) -> String? { pairs.last { $0.name == name }?.value }

    func all(_ name: String) -> [String] { pairs.filter { $0.name == name }.map(\.value) }

    /// A text without what surrounds it; nil where nothing is left.
    func text(_ name: String) -> String? {
        guard let value = self[name]?.trimmingWhitespace, !value.isEmpty else { return nil }
        return value
    }

    /// - Throws: `ControlError.validation` when it is missing or empty.
    func required(_ name: String) throws(ControlError) -> String {
        guard let value = text(name) else { throw .validation("\(name): please fill this in.") }
        return value
    }

    /// A whole number; nil for an empty field.
    /// - Throws: `ControlError.validation` naming the field.
    func number(_ name: String) throws(ControlError) -> Int? {
        guard let text = text(name) else { return nil }
        guard let number = Int(text) else {
            throw .validation("\(name) must be a whole number, not \(text.prefix(40)).")
        }
        return number
    }

    /// Those that a form may have several times.
    private static let repeated: Set<String> = ["user", "model", "log"]

    /// Nothing that is sent is ignored.
    /// - Throws: `ControlError.validation` naming the first field that nobody asked for.
    func require(only names: Set<String>) throws(ControlError) {
        var seen: Set<String> = []
        for (name, _) in pairs {
            guard names.contains(name) else {
                throw .validation("\(name.prefix(100)): this page takes no such field.")
            }
            guard seen.insert(name).inserted || Self.repeated.contains(name) else {
                throw .validation("\(name): the field is there twice.")
            }
        }
    }

    private static func decode(_ bytes: ArraySlice<UInt8>) throws(ControlError) -> String {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var rest = bytes
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): decoded.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(hexValue),
                    let low = rest.popFirst().flatMap(hexValue)
                else { throw .validation("The form has a percent escape that cannot be decoded.") }
                decoded.append(high << 4 | low)
            default: decoded.append(byte)
            }
        }
        // Behind a NUL the database would not look.
        guard !decoded.contains(0), let text = String(validating: decoded, as: UTF8.self) else {
            throw .validation("The form has a text that is not UTF-8, or a NUL.")
        }
        return text
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte - 48
        case 65...70: byte - 55
        case 97...102: byte - 87
        default: nil
        }
    }
}

extension String {
    var trimmingWhitespace: String {
        let start = drop(while: \.isWhitespace)
        guard let end = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(start[...end])
    }
}
