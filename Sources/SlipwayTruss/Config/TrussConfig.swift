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

    /// - Throws: `ConfigError` with every problem, each with its line.
    public init(yaml: String) throws(ConfigError) {
        try self.init(ConfigValue.yaml(yaml), raw: yaml)
    }

    /// - Throws: `ConfigError` with every problem.
    public init(json: String) throws(ConfigError) {
        try self.init(ConfigValue.json(json), raw: nil)
    }

    private init(_ root: ConfigValue, raw: String?) throws(ConfigError) {
        var reader = ConfigReader()
        reader.checkKeys(of: root, "", known: ConfigKeys.root)
        for (section, known) in ConfigKeys.sections {
            reader.checkKeys(of: Self.value(root, section), section, known: known)
        }
        modelName = reader.string(root["model_name"], "model_name")
        _ = reader.string(root["description"], "description")
        pythonVersion = Self.python(root["python_version"], &reader)
        namesPythonVersion = root["python_version"] != nil
        let requirements = reader.strings(root["requirements"], "requirements")
        reader.checkRequirements(root["requirements"])
        paths = reader.paths(root)
        if root["requirements_file"]?.isText == true, !requirements.isEmpty {
            reader.fail(
                "requirements", root["requirements"], "cannot be given together with requirements_file")
        }
        systemPackages = reader.strings(root["system_packages"], "system_packages")
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
        if !reader.problems.isEmpty { throw ConfigError(reader.problems) }
        warnings = reader.warnings
        self.raw = raw
        // In this order: JSONSerialization ends the process when it gets neither list nor mapping.
        guard case .mapping = root.content,
            let data = try? JSONSerialization.data(withJSONObject: root.plain, options: [.sortedKeys])
        else { throw ConfigError([ConfigProblem(path: "", message: "the config must be a mapping")]) }
        json = String(decoding: data, as: UTF8.self)
    }

    private static func value(_ root: ConfigValue, _ path: String) -> ConfigValue? {
        path.split(separator: ".").reduce(ConfigValue?(root)) { $0?[String($1)] }
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
            livenessEndpoint: required("liveness_endpoint", &reader))
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
