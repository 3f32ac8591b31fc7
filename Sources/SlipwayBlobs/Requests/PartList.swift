// Reads the XML body of CompleteMultipartUpload. Strict, and only the constructs that SDKs send: elements
// with text, the root's namespace, and the predefined entities; no document types, comments or CDATA.
import Foundation

enum PartList {
    /// Largest body that is read: 10 000 parts with the longest checksum need less than 2.5 MB.
    static let maximumBytes: Int64 = 4 << 20

    /// The parts in ascending order. Throws `MalformedXML`, `InvalidPartOrder`, or `InvalidPart` for an
    /// ETag no part can have.
    static func parse(_ body: [UInt8]) throws(S3Error) -> [PartReference] {
        guard let text = String(validating: body, as: UTF8.self) else { throw malformed }
        var scanner = Scanner(rest: text[...])
        scanner.skipDeclaration()
        try scanner.open("CompleteMultipartUpload", attributesAllowed: true)
        var parts: [PartReference] = []
        while scanner.skipBlanks(), scanner.isAtOpening("Part") {
            let part = try readPart(&scanner)
            guard parts.last.map({ $0.number < part.number }) ?? true else {
                throw S3Error(.invalidPartOrder, "The parts are not in ascending order.")
            }
            parts.append(part)
        }
        try scanner.close("CompleteMultipartUpload")
        guard scanner.skipBlanks(), scanner.rest.isEmpty, !parts.isEmpty else { throw malformed }
        return parts
    }

    private static func readPart(_ scanner: inout Scanner) throws(S3Error) -> PartReference {
        try scanner.open("Part", attributesAllowed: false)
        var fields: [String: String] = [:]
        while scanner.skipBlanks(), let name = scanner.openingName(), name != "Part" {
            try scanner.open(name, attributesAllowed: false)
            guard fields.updateValue(try scanner.text(), forKey: name) == nil else { throw malformed }
            try scanner.close(name)
        }
        try scanner.close("Part")
        guard let number = fields.removeValue(forKey: "PartNumber").flatMap({ DecimalText.parse($0) }),
            S3Route.partNumbers.contains(number), let quoted = fields.removeValue(forKey: "ETag")
        else { throw malformed }
        let isQuoted = quoted.count >= 2 && quoted.hasPrefix("\"") && quoted.hasSuffix("\"")
        let etag = isQuoted ? String(quoted.dropFirst().dropLast()) : quoted
        guard Hex.isLowerHex(etag, count: 32) else {
            throw S3Error(.invalidPart, "Part \(number) has another ETag or was not uploaded.")
        }
        return PartReference(number: number, etag: etag, checksum: try checksum(fields))
    }

    /// The one checksum among the members that are left; any other member is malformed.
    private static func checksum(_ fields: [String: String]) throws(S3Error) -> ExpectedChecksum? {
        guard let (name, value) = fields.first else { return nil }
        guard fields.count == 1,
            let algorithm = ChecksumAlgorithm.allCases.first(where: { $0.elementName == name }),
            let checksum = ExpectedChecksum(algorithm, base64: value)
        else { throw malformed }
        return checksum
    }

    private static let malformed = S3Error(.malformedXML, "The part list is not well-formed.")

    private struct Scanner {
        var rest: Substring

        mutating func skipBlanks() -> Bool {
            rest = rest.drop(while: \.isWhitespace)
            return true
        }

        mutating func skipDeclaration() {
            guard rest.hasPrefix("<?xml "), let end = rest.firstRange(of: "?>") else { return }
            rest = rest[end.upperBound...]
        }

        func isAtOpening(_ name: String) -> Bool { openingName() == name }

        /// The name of the element that opens here.
        func openingName() -> String? {
            guard rest.first == "<" else { return nil }
            let name = rest.dropFirst().prefix(while: { $0.isASCII && ($0.isLetter || $0.isNumber) })
            return name.isEmpty ? nil : String(name)
        }

        mutating func open(_ name: String, attributesAllowed: Bool) throws(S3Error) {
            _ = skipBlanks()
            guard isAtOpening(name), let end = rest.firstIndex(of: ">") else { throw malformed }
            let attributes = rest[..<end].dropFirst(1 + name.count)
            guard !attributes.contains("<"), attributes.last != "/",
                attributesAllowed
                    ? attributes.isEmpty || attributes.hasPrefix(" xmlns=")
                    : attributes.allSatisfy(\.isWhitespace)
            else { throw malformed }
            rest = rest[rest.index(after: end)...]
        }

        mutating func close(_ name: String) throws(S3Error) {
            _ = skipBlanks()
            guard rest.hasPrefix("</\(name)>") else { throw malformed }
            rest = rest.dropFirst(name.count + 3)
        }

        /// Text up to the next tag, entities resolved.
        mutating func text() throws(S3Error) -> String {
            let raw = rest.prefix(while: { $0 != "<" })
            rest = rest[raw.endIndex...]
            var output = ""
            var left = raw
            while let ampersand = left.firstIndex(of: "&") {
                output += left[..<ampersand]
                guard let end = left[ampersand...].firstIndex(of: ";"),
                    let character = Self.entities[String(left[left.index(after: ampersand)..<end])]
                else { throw malformed }
                output += character
                left = left[left.index(after: end)...]
            }
            return (output + left).trimmingCharacters(in: .whitespacesAndNewlines)
        }

        private static let entities = [
            "quot": "\"", "#34": "\"", "#x22": "\"", "amp": "&", "lt": "<", "gt": ">", "apos": "'",
        ]
    }
}
