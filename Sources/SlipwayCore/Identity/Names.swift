// Which names are allowed; the messages name the rule so that a 400 answer can carry them as they are.

/// Checks of user-chosen names. Every function returns nil for a good name, else a sentence for the client.
public enum Names {
    /// Environment names: DNS-label style, at most 40 characters, `development` reserved
    /// (behaviour.md section 1).
    public static func problem(inEnvironmentName name: String) -> String? {
        if name == "development" { return "The environment name development is reserved." }
        guard (1...40).contains(name.utf8.count),
            name.utf8.allSatisfy({ isLowerOrDigit($0) || $0 == UInt8(ascii: "-") }),
            name.first != "-", name.last != "-"
        else {
            return
                "Environment names have 1 to 40 lower-case letters, digits and hyphens, and neither start nor end with a hyphen."
        }
        return nil
    }

    /// Deployment names: 1–255 of letters, digits, `-`, `_`, `.` (management API, August edition).
    public static func problem(inDeploymentName name: String) -> String? {
        guard (1...255).contains(name.utf8.count), name.utf8.allSatisfy(isWord) else {
            return "Deployment names have 1 to 255 letters, digits, '-', '_' and '.'."
        }
        return nil
    }

    /// Model names: 1–255 characters without control characters or surrounding blanks.
    public static func problem(inModelName name: String) -> String? {
        guard (1...255).contains(name.utf8.count), name.first != " ", name.last != " ",
            name.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
        else {
            return "Model names have 1 to 255 characters, no control characters, and no blanks at either end."
        }
        return nil
    }

    /// Secret names become file names under `/secrets`, so they hold 1–200 letters, digits, `-`, `_`, `.` and
    /// do not start with a dot.
    public static func problem(inSecretName name: String) -> String? {
        if isOfRegistry(secret: name) { return nil }
        guard (1...200).contains(name.utf8.count), name.utf8.allSatisfy(isWord), name.first != "." else {
            return "Secret names have 1 to 200 letters, digits, '-', '_' and '.', and do not start with '.'."
        }
        return nil
    }

    /// What names of secrets for image registries begin with; the rest is the registry's address.
    private static let registryPrefix = "DOCKER_REGISTRY_"

    /// Whether a secret is for pulling images: then its name may be an address such as
    /// `DOCKER_REGISTRY_https://index.docker.io/v1/`, and it is no file of any replica.
    public static func isOfRegistry(secret name: String) -> Bool {
        guard name.hasPrefix(registryPrefix), (1...253).contains(name.utf8.count) else { return false }
        return name.utf8.dropFirst(registryPrefix.utf8.count).allSatisfy {
            isWord($0) || $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "@")
        }
    }

    /// API key names: any text people can read, 1–255 characters.
    public static func problem(inAPIKeyName name: String) -> String? {
        guard (1...255).contains(name.unicodeScalars.count),
            name.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
        else { return "API key names have 1 to 255 characters and no control characters." }
        return nil
    }

    /// Larger numbers in a name were chosen by a user and are not counted on from.
    private static let maxNumberedDeployment = 1_000_000_000

    /// The name of a deployment that its push does not name: `deployment-N`, N one above the highest in use. Users
    /// choose names freely, so any number may be among them.
    public static func nextDeploymentName(after names: some Sequence<String>) -> String {
        let prefix = "deployment-"
        let taken = Set(names)
        let numbers = taken.compactMap { name in
            name.hasPrefix(prefix) ? Int(name.dropFirst(prefix.count)) : nil
        }
        var next = (numbers.filter { (0...maxNumberedDeployment).contains($0) }.max() ?? 0) + 1
        while taken.contains("\(prefix)\(next)") { next += 1 }
        return "\(prefix)\(next)"
    }

    /// The name of a promotion's copy: that of its source and the second of its making. Copies of copies do not get longer,
    /// and one of the same second takes the next.
    ///
    /// - Parameter taken: names in use.
    public static func copyName(of source: String, at seconds: Int64, taken: Set<String>) -> String {
        var base = Substring(source)
        if let dot = base.lastIndex(of: "."), dot != base.startIndex {
            let suffix = base[base.index(after: dot)...]
            if suffix.utf8.count >= 10, suffix.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
                base = base[..<dot]
            }
        }
        // A number of the same length for the next centuries.
        base = base.prefix(255 - 1 - 12)
        var number = seconds
        while taken.contains("\(base).\(number)") { number += 1 }
        return "\(base).\(number)"
    }

    private static func isLowerOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        isLowerOrDigit(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
    }
}
