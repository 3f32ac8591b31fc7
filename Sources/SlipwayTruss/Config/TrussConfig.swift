// A Truss's config.yaml: decoded, validated and described with the key and line of everything wrong.

import Foundation
import SlipwayCore

/// A Python version a config may ask for.
public struct PythonVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
    public var major: Int
    public var minor: Int

    public init(major: Int, minor: Int) {
        self.major = major
        self.minor = minor
    }

    public static func < (left: Self, right: Self) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }

    public var description: String { "\(major).\(minor)" }
}

/// `docker_server`: a server of the user's own instead of a model class.
public struct DockerServer: Sendable, Equatable {
    public var startCommand: String
    public var port: Int
    public var predictEndpoint: String
    public var readinessEndpoint: String
    public var livenessEndpoint: String
    /// The user it runs as; nil for the platform's.
    public var runAsUser: UInt32?
}

/// What a deployment's replicas may reach.
public enum Egress: String, Sendable, Codable, CaseIterable {
    /// What is outside of this machine.
    case open
    /// Nothing: they are only called.
    case closed = "none"
}

public struct TrussConfig: Sendable {
    public var modelName: String?
    public var pythonVersion: PythonVersion
    /// False when `pythonVersion` is only upstream's default.
    public var namesPythonVersion: Bool
    public var environmentVariables: [String: String]
    public var secretNames: [String]
    public var systemPackages: [String]
    public var buildCommands: [String]
    /// Every path the config names, relative and without `..`. What they are in an archive is for
    /// `TrussArchive.problem(with:in:)`.
    public var paths: [ConfigPath]
    public var resources: ResourceRequest
    /// Whether the server speaks gRPC (`runtime.transport.kind`).
    public var speaksGRPC: Bool
    /// `runtime.predict_concurrency`, 1 or more.
    public var predictConcurrency: Int
    public var dockerServer: DockerServer?
    /// `model_metadata.slipway.egress`, a field of our own where upstream takes anything, and `closed` where
    /// `runtime.egress_restrictions` allow nothing; nil when neither says anything.
    public var egress: Egress?
    /// The only addresses outside that replicas may reach; nil without `runtime.egress_restrictions`.
    public var allowedAddresses: [AddressRange]?
    public var healthChecks: HealthChecks
    /// Files that are fetched into the data directory while the image is built.
    public var externalData: [ExternalFile]
    /// Where build commands find secrets, by name.
    public var buildSecrets: [String: String]
    /// Directories outside of the Truss whose contents the client adds to the bundled packages.
    public var externalPackageDirectories: [String]
    /// The whole config as a JSON object with upstream's key names.
    public var json: String
    /// The text it was read from; nil for JSON.
    public var raw: String?
    /// What has no effect or will not be honoured.
    public var warnings: [ConfigProblem]

    /// Versions the upstream server supports (behaviour of truss 0.18.35: 3.9 to 3.14).
    public static let pythonVersions = PythonVersion(major: 3, minor: 9)...PythonVersion(major: 3, minor: 14)
    /// Upstream's default.
    public static let defaultPythonVersion = PythonVersion(major: 3, minor: 13)

    /// Reads a config without the official package.
    /// - Throws: `ConfigError` with every problem, each with its line.
    public init(yaml: String) throws(ConfigError) {
        try self.init(ConfigValue.yaml(yaml), raw: yaml)
    }

    /// The same for JSON.
    public init(json: String) throws(ConfigError) {
        try self.init(ConfigValue.json(json), raw: nil)
    }

    /// Takes what the official package made of a config.
    /// - Parameters:
    ///   - canonical: what differs from the defaults, as a JSON object.
    ///   - yaml: what it was read from, to point at lines; nil for JSON.
    /// - Throws: `ConfigError` with what this server does not take.
    public init(
        canonical: String, namesPythonVersion: Bool, loaderWarnings: [String] = [], yaml: String?
    ) throws(ConfigError) {
        let tree = yaml.flatMap { try? ConfigValue.yaml($0) }
        var root = try ConfigValue.json(canonical).located(in: tree)
        // The package leaves out what says the default; links of the archive are looked for there all the same.
        root.add(ConfigReader.pathKeys, from: tree)
        try self.init(root, raw: yaml)
        self.namesPythonVersion = namesPythonVersion
        json = canonical
        warnings = loaderWarnings.map { ConfigProblem(path: "", message: $0) } + warnings
        // The package computes it from the accelerator and drops what was written.
        if case .bool(true)? = tree?["resources"]?["use_gpu"]?.content, resources.gpuCount == 0 {
            warnings.append(problem("resources.use_gpu", "has no effect without resources.accelerator"))
        }
    }

    /// Refuses documents that are too large or stand for too much, which other readers would take for ever over.
    public static func checkSize(yaml: String) throws(ConfigError) {
        guard !ConfigDepth.isPassed(by: yaml) else {
            throw ConfigError([ConfigProblem(path: "", message: ConfigError.tooLarge)])
        }
        do {
            _ = try ConfigValue.yaml(yaml)
        } catch  where error.isOfSize {
            throw error
        } catch {}
    }

    /// The members of a config as they are written, as a JSON object: two states of a config are compared by it.
    public static func membersJSON(yaml: String) throws(ConfigError) -> String {
        try json(of: ConfigValue.yaml(yaml))
    }

    private static func json(of root: ConfigValue) throws(ConfigError) -> String {
        // In this order: JSONSerialization ends the process when it gets neither list nor mapping.
        guard case .mapping = root.content,
            let data = try? JSONSerialization.data(withJSONObject: root.plain, options: [.sortedKeys])
        else { throw ConfigError([ConfigProblem(path: "", message: "the config must be a mapping")]) }
        return String(decoding: data, as: UTF8.self)
    }

    /// Something about a key, with its place in the text.
    public func problem(_ key: String, _ message: String) -> ConfigProblem {
        let place = raw.flatMap { try? ConfigValue.yaml($0) }?.nearest(
            key.split(separator: ".").map(String.init))
        return ConfigProblem(path: key, line: place?.line, column: place?.column, message: message)
    }

    /// Compares what another reading of the same config says.
    /// - Parameter named: a config as a JSON object; what it leaves out says nothing.
    /// - Returns: keys at its root that mean something else here, sorted.
    public func differences(from other: TrussConfig, namedIn named: String) -> [String] {
        func members(_ json: String) -> [String: Any] {
            (try? JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]) ?? [:]
        }
        func text(_ value: Any?) -> Data? {
            value.flatMap { try? JSONSerialization.data(withJSONObject: [$0], options: .sortedKeys) }
        }
        let (own, others) = (members(json), members(other.json))
        // The client gathers the packages of other directories into the archive, whose config need not name them.
        return members(named).keys.filter {
            $0 != "external_package_dirs" && text(own[$0]) != text(others[$0])
        }
        .sorted()
    }

    private init(_ root: ConfigValue, raw: String?) throws(ConfigError) {
        var reader = ConfigReader()
        reader.checkMappings(root)
        reader.checkKeys(of: root)
        modelName = reader.string(root["model_name"], "model_name")
        _ = reader.string(root["description"], "description")
        reader.checkBaseImage(root["base_image"])
        reader.checkEngine(root)
        pythonVersion = Self.python(root["python_version"], &reader)
        namesPythonVersion = root["python_version"] != nil
        let requirements = reader.strings(root["requirements"], "requirements")
        reader.checkRequirements(root["requirements"])
        paths = reader.paths(root)
        if root["requirements_file"]?.isText == true, !requirements.isEmpty {
            reader.fail(
                "requirements", root["requirements"], "cannot be given together with requirements_file")
        }
        // One entry may name several, as the installer's command line takes them.
        systemPackages = reader.strings(root["system_packages"], "system_packages").flatMap {
            $0.split(whereSeparator: \.isWhitespace).map(String.init)
        }
        buildCommands = reader.strings(root["build_commands"], "build_commands")
        environmentVariables = Self.variables(root["environment_variables"], &reader)
        secretNames = Self.secrets(root["secrets"], &reader)
        resources = Self.resources(root["resources"], &reader)
        predictConcurrency =
            reader.int(
                root["runtime"]?["predict_concurrency"], "runtime.predict_concurrency", in: 1...1_000_000)
            ?? 1
        dockerServer = Self.dockerServer(root["docker_server"], &reader)
        speaksGRPC = reader.string(root["runtime"]?["transport"]?["kind"], "runtime.transport.kind") == "grpc"
        if speaksGRPC, dockerServer == nil {
            reader.fail("runtime.transport.kind", root["runtime"], "grpc needs a docker_server")
        }
        egress = Self.egress(root["model_metadata"]?["slipway"]?["egress"], &reader)
        allowedAddresses = EgressRestrictions.allowed(root["runtime"]?["egress_restrictions"], &reader)
        if allowedAddresses?.isEmpty == true { egress = .closed }
        healthChecks = HealthChecks(root["runtime"]?["health_checks"], &reader)
        externalData = reader.externalFiles(root["external_data"])
        buildSecrets = reader.buildSecrets(root["build"]?["secret_to_path_mapping"])
        externalPackageDirectories = reader.strings(root["external_package_dirs"], "external_package_dirs")
        if !reader.problems.isEmpty { throw ConfigError(reader.problems) }
        warnings = reader.warnings
        self.raw = raw
        json = try Self.json(of: root)
    }

    // MARK: Fields

    private static func python(_ value: ConfigValue?, _ reader: inout ConfigReader) -> PythonVersion {
        guard let text = reader.stringOrNumber(value, "python_version") else { return defaultPythonVersion }
        let digits = text.hasPrefix("py3") ? text.dropFirst(3) : text.hasPrefix("3.") ? text.dropFirst(2) : ""
        guard let minor = Int(digits), pythonVersions.contains(PythonVersion(major: 3, minor: minor)) else {
            reader.fail("python_version", value, "expected py39 to py314, found \"\(text)\"")
            return defaultPythonVersion
        }
        return PythonVersion(major: 3, minor: minor)
    }

    private static func variables(_ value: ConfigValue?, _ reader: inout ConfigReader) -> [String: String] {
        var variables: [String: String] = [:]
        for (name, value) in reader.mapping(value, "environment_variables") {
            let path = "environment_variables.\(name)"
            if name.isEmpty || name.contains("=") || name.contains("\0") {
                reader.fail(path, value, "not a name for an environment variable")
            }
            switch value.content {
            case .bool(let flag): variables[name] = String(flag)
            case .null: variables[name] = ""
            default: variables[name] = reader.stringOrNumber(value, path)
            }
        }
        return variables
    }

    private static func secrets(_ value: ConfigValue?, _ reader: inout ConfigReader) -> [String] {
        reader.mapping(value, "secrets").map { name, value in
            if let problem = Names.problem(inSecretName: name) {
                reader.fail("secrets.\(name)", value, problem)
            } else if Names.isOfRegistry(secret: name) {
                reader.warn(
                    "secrets.\(name)", value,
                    "is for pulling images, which this machine does not: replicas do not get it")
            }
            return name
        }
    }

    private static func resources(_ value: ConfigValue?, _ reader: inout ConfigReader) -> ResourceRequest {
        var request = ResourceRequest()
        if let text = reader.stringOrNumber(value?["cpu"], "resources.cpu") {
            if let millicpu = Quantity.millicpu(text) {
                request.millicpu = millicpu
            } else {
                reader.fail(
                    "resources.cpu", value?["cpu"], "expected cores such as 2 or 500m, found \"\(text)\"")
            }
        }
        if let text = reader.stringOrNumber(value?["memory"], "resources.memory") {
            if let bytes = Quantity.bytes(text) {
                request.memoryMiB = Int((bytes + (1 << 20) - 1) >> 20)
            } else {
                reader.fail(
                    "resources.memory", value?["memory"],
                    "expected a size such as 2Gi or 512Mi, found \"\(text)\"")
            }
        }
        if let text = reader.string(value?["accelerator"], "resources.accelerator"), !text.isEmpty {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            if parts.count <= 2, let count = parts.count == 2 ? Int(parts[1]) : 1, (1...1024).contains(count)
            {
                (request.gpuType, request.gpuCount) = (String(parts[0]), count)
            } else {
                reader.fail(
                    "resources.accelerator", value?["accelerator"],
                    "expected a type such as H100 or H100:2, found \"\(text)\"")
            }
        }
        request.instanceType = reader.string(value?["instance_type"], "resources.instance_type")
        return request
    }

    private static func egress(_ value: ConfigValue?, _ reader: inout ConfigReader) -> Egress? {
        guard let value else { return nil }
        if case .string(let text) = value.content, let egress = Egress(rawValue: text) { return egress }
        let names = Egress.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: " or ")
        reader.fail(
            "model_metadata.slipway.egress", value,
            "expected \(names), found \(ConfigReader.describe(value))")
        return nil
    }

    /// Lower ones are the system's, higher ones no users.
    private static let users = 1000...Int(Int32.max)

    private static func dockerServer(_ value: ConfigValue?, _ reader: inout ConfigReader) -> DockerServer? {
        guard let value, !reader.mapping(value, "docker_server").isEmpty else { return nil }
        var missing = false
        func required(_ key: String, _ reader: inout ConfigReader) -> String {
            if let text = reader.string(value[key], "docker_server.\(key)") { return text }
            reader.fail("docker_server.\(key)", value, "is required")
            missing = true
            return ""
        }
        let server = DockerServer(
            startCommand: required("start_command", &reader),
            port: reader.int(value["server_port"], "docker_server.server_port", in: 1...65535) ?? 0,
            predictEndpoint: required("predict_endpoint", &reader),
            readinessEndpoint: required("readiness_endpoint", &reader),
            livenessEndpoint: required("liveness_endpoint", &reader),
            runAsUser: reader.int(
                value["run_as_user_id"], "docker_server.run_as_user_id", in: users
            ).map { UInt32($0) })
        if server.port == 0, value["server_port"] == nil {
            reader.fail("docker_server.server_port", value, "is required")
        }
        return missing ? nil : server
    }
}

/// Kubernetes-style quantities as upstream reads them.
enum Quantity {
    static func millicpu(_ text: String) -> Int? {
        let value = text.hasSuffix("m") ? Double(text.dropLast()) : Double(text).map { $0 * 1000 }
        guard let value, value.isFinite, value > 0, value < 1e9 else { return nil }
        return Int(value.rounded(.up))
    }

    static func bytes(_ text: String) -> Int64? {
        let units: [(String, Double)] = [
            ("Ki", 0x1p10), ("Mi", 0x1p20), ("Gi", 0x1p30), ("Ti", 0x1p40), ("Pi", 0x1p50), ("Ei", 0x1p60),
            ("k", 1e3),
            ("M", 1e6), ("G", 1e9), ("T", 1e12), ("P", 1e15), ("E", 1e18), ("", 1),
        ]
        guard let (unit, factor) = units.first(where: { text.hasSuffix($0.0) }),
            let number = Double(text.dropLast(unit.count)), number.isFinite, number > 0,
            number * factor < 0x1p60
        else { return nil }
        return Int64((number * factor).rounded(.up))
    }
}
