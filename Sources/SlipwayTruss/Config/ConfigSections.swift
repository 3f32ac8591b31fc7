// Sections of a config that are honoured by values of their own: health checks, external data, build secrets; and what a
// machine without containers makes of a base image.

import SlipwayCore

/// `runtime.health_checks`; nil leaves the engine's own habit.
public struct HealthChecks: Sendable, Equatable, Codable {
    /// Seconds from the start until failing checks may restart a replica.
    public var restartDelay: Int?
    /// Seconds of failing checks after which a replica is restarted.
    public var restartThreshold: Int?
    /// Seconds of failing checks after which a replica gets no more requests.
    public var stopTrafficThreshold: Int?
    /// Seconds that a replica may take from its start to its first good check.
    public var startupThreshold: Int?

    public init() {}

    /// Longer ones are no thresholds.
    private static let range = 0...1_000_000

    init(_ value: ConfigValue?, _ reader: inout ConfigReader) {
        func seconds(_ key: String) -> Int? {
            reader.int(value?[key], "runtime.health_checks.\(key)", in: Self.range)
        }
        restartDelay = seconds("restart_check_delay_seconds")
        restartThreshold = seconds("restart_threshold_seconds")
        stopTrafficThreshold = seconds("stop_traffic_threshold_seconds")
        startupThreshold = seconds("startup_threshold_seconds")
    }
}

/// One item of `external_data`.
public struct ExternalFile: Sendable, Equatable {
    /// An `https` address.
    public var url: String
    /// Relative to the data directory.
    public var path: String
    /// Hex in lower case, a key of our own; nil takes whatever comes.
    public var sha256: String?

    /// The address for logs: what follows the path may be a signature.
    public var publicURL: String {
        String(url.prefix { $0 != "?" && $0 != "#" })
    }
}

extension ConfigReader {
    /// Sections whose own readers tell what is no mapping.
    private static let readElsewhere: Set<String> = [
        "environment_variables", "secrets", "docker_server", EgressRestrictions.path,
    ]

    /// Sections must be mappings or not there.
    mutating func checkMappings(_ root: ConfigValue) {
        for path in ConfigKeys.sections where !Self.readElsewhere.contains(path) {
            let value = path.split(separator: ".").reduce(ConfigValue?(root)) { $0?[String($1)] }
            if case .mapping? = value?.content { continue }
            _ = mapping(value, path)
        }
    }

    // MARK: Image

    /// Images that hold a system and Python only, which this machine has itself.
    private static let standIns: Set<String> = [
        "python", "debian", "ubuntu", "buildpack-deps", "baseten/truss-server-base",
        "baseten/base-images", "astral-sh/uv", "docker.io/baseten/truss-server-base",
    ]

    /// The machine runs no containers: what an image would bring must be the machine's own.
    mutating func checkBaseImage(_ value: ConfigValue?) {
        guard let member = value?["image"], let image = string(member, "base_image.image"), !image.isEmpty
        else { return }
        guard Self.standIns.contains(Self.repository(of: image)) else {
            return fail(
                "base_image.image", member,
                "is refused: this machine runs no containers, so what \(image.prefix(200)) holds would be missing; install it on the machine or with requirements and build_commands, and leave base_image out"
            )
        }
        warn(
            "base_image.image", member,
            "this machine's own system stands in for \(image.prefix(200)); python_version says which Python")
    }

    /// Without the default registry, tag and digest.
    private static func repository(of image: String) -> String {
        var name = image.prefix { $0 != "@" }
        if let colon = name.lastIndex(of: ":"), !name[colon...].contains("/") { name = name[..<colon] }
        for prefix in [
            "docker.io/", "index.docker.io/", "library/", "ghcr.io/", "public.ecr.aws/docker/library/",
        ]
        where name.hasPrefix(prefix) {
            name = name.dropFirst(prefix.count)
        }
        return name.hasPrefix("library/") ? String(name.dropFirst(8)) : String(name)
    }

    /// What only other engines could run.
    mutating func checkEngine(_ root: ConfigValue) {
        if let member = root["build"]?["model_server"], let server = string(member, "build.model_server"),
            server != "TrussServer"
        {
            fail("build.model_server", member, "is refused: this server runs the Truss server only")
        }
        if let member = root["resources"]?["node_count"],
            let count = int(member, "resources.node_count", in: 1...Int.max), count > 1
        {
            fail("resources.node_count", member, "is refused: all replicas run on one machine")
        }
    }

    // MARK: External data

    private static let maxExternalFiles = 100

    mutating func externalFiles(_ value: ConfigValue?) -> [ExternalFile] {
        guard case .list(let items)? = value?.content else {
            if let value, !value.isUnset { fail("external_data", value, "expected a list") }
            return []
        }
        if items.count > Self.maxExternalFiles {
            fail("external_data", value, "must have at most \(Self.maxExternalFiles) items")
            return []
        }
        return items.enumerated().compactMap { index, item in externalFile(item, "external_data[\(index)]") }
    }

    private mutating func externalFile(_ item: ConfigValue, _ key: String) -> ExternalFile? {
        guard case .mapping = item.content else {
            fail(key, item, "expected a mapping")
            return nil
        }
        let url = string(item["url"], "\(key).url") ?? ""
        let isPlain =
            url.utf8.count <= 4096 && url.unicodeScalars.allSatisfy { (0x21...0x7E).contains($0.value) }
        if !url.hasPrefix("https://") || !isPlain {
            fail("\(key).url", item["url"] ?? item, "must be an https address")
        }
        if let backend = string(item["backend"], "\(key).backend"), backend != "http_public" {
            fail("\(key).backend", item["backend"], "is refused: files are fetched with \"http_public\" only")
        }
        let path = string(item["local_data_path"], "\(key).local_data_path") ?? ""
        if pathParts(of: path).isEmpty {
            fail("\(key).local_data_path", item["local_data_path"] ?? item, "must name a file")
        }
        let sum = string(item["sha256"], "\(key).sha256")?.lowercased()
        if let sum, sum.utf8.count != 64 || !sum.allSatisfy(\.isHexDigit) {
            fail("\(key).sha256", item["sha256"], "must be a SHA-256 in hex")
        }
        return ExternalFile(url: url, path: path, sha256: sum)
    }

    // MARK: Build secrets

    /// Directories that are the machine's or the sandbox's own: nothing of a config is shown there.
    private static let ownDirectories: Set<String> = [
        "usr", "opt", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "boot", "proc", "sys", "dev",
        "slipway", "build", "etc", "var",
    ]

    mutating func buildSecrets(_ value: ConfigValue?) -> [String: String] {
        var found: [String: String] = [:]
        for (name, member) in mapping(value, "build.secret_to_path_mapping") {
            let key = "build.secret_to_path_mapping.\(name)"
            guard let path = string(member, key) else { continue }
            if let problem = Names.problem(inSecretName: name) { fail(key, member, problem) }
            let parts = path.split(separator: "/", omittingEmptySubsequences: true)
            let isPlain =
                path.hasPrefix("/") && path.utf8.count <= 1024 && !parts.contains { $0 == "." || $0 == ".." }
                && !path.hasSuffix("/")
                && path.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
            guard isPlain, let first = parts.first, parts.count > 1 else {
                fail(key, member, "must be the absolute path of a file in a directory")
                continue
            }
            if Self.ownDirectories.contains(String(first)) || first == "secrets" && path != "/secrets/\(name)"
            {
                fail(
                    key, member, "must not lie in /\(first), which is not the image's; use /run/secrets/NAME")
            }
            found[name] = "/" + parts.joined(separator: "/")
        }
        return found
    }
}
