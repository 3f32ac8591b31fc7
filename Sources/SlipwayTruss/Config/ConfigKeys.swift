// What becomes of each key of a config: one table for pushes, dry runs, builds and the documents.

/// What this server does with a key.
public enum KeyEffect: Sendable, Equatable {
    /// It has upstream's effect, or is kept and shown where it has none there either.
    case honoured
    /// It is taken without effect, which every push says.
    case warned(String)
    /// A push that sets it is refused: what it asks for would be missing from what runs.
    case refused(String)
}

enum ConfigKeys {
    /// By dotted path, `[]` standing for the items of a list. What lies below a key that is warned about or refused has
    /// its effect; below one of `free` anything may be.
    static let table: [String: KeyEffect] = {
        var table: [String: KeyEffect] = [:]
        for path in honoured { table[path] = .honoured }
        for (path, reason) in warned { table[path] = .warned(reason) }
        for (path, reason) in refused { table[path] = .refused(reason) }
        return table
    }()

    /// The mapping of our own settings.
    static let own = "model_metadata.slipway"

    private static let honoured = [
        "model_name", "model_metadata", own, "\(own).egress", "description",
        "examples_filename", "data_dir", "external_data", "external_data[].url",
        "external_data[].local_data_path", "external_data[].backend", "external_data[].name",
        // Of our own.
        "external_data[].sha256",
        "external_package_dirs", "python_version", "base_image", "base_image.image", "requirements_file",
        "requirements", "system_packages", "environment_variables", "secrets", "resources",
        "resources.cpu", "resources.memory", "resources.accelerator", "resources.instance_type",
        // Computed from the accelerator.
        "resources.use_gpu",
        "resources.node_count", "runtime", "runtime.predict_concurrency", "runtime.streaming_read_timeout",
        "runtime.enable_tracing_data", "runtime.enable_debug_logs", "runtime.transport",
        "runtime.transport.kind", "runtime.transport.ping_interval_seconds",
        "runtime.transport.ping_timeout_seconds", "runtime.is_websocket_endpoint",
        "runtime.health_checks", "runtime.health_checks.restart_check_delay_seconds",
        "runtime.health_checks.restart_threshold_seconds",
        "runtime.health_checks.stop_traffic_threshold_seconds",
        "runtime.health_checks.startup_threshold_seconds", "runtime.egress_restrictions",
        "runtime.egress_restrictions.ip_allow_list", "runtime.egress_restrictions.fqdn_allow_list",
        "runtime.oidc", "runtime.remote_ssh", "build", "build.model_server", "build.secret_to_path_mapping",
        "build_commands", "docker_server", "docker_server.start_command", "docker_server.server_port",
        "docker_server.predict_endpoint", "docker_server.readiness_endpoint",
        "docker_server.liveness_endpoint", "docker_server.run_as_user_id", "input_type", "model_framework",
        "model_type", "model_module_dir", "model_class_filename", "model_class_name",
        "bundled_packages_dir", "apply_library_patches", "spec_version",
    ]

    private static let warned: [(String, String)] = [
        (
            "base_image.python_executable_path",
            "has no effect: the interpreter is one of this machine, as python_version says"
        ),
        ("base_image.docker_auth", "has no effect: this machine pulls no images"),
        ("resources.fabric", "has no effect: all replicas run on one machine"),
        ("runtime.oidc.enabled", "has no effect: this server issues no OIDC tokens"),
        ("runtime.remote_ssh.enabled", "has no effect: replicas of this server run no SSH server"),
        (
            "runtime.truss_server_version_override",
            "has no effect: the model server is the one of this server's build tools"
        ),
        ("build.arguments", "has no effect: only other model servers take arguments"),
        ("build.no_cache", "has no effect in a config; push again to build again"),
        ("runtime.num_workers", "has no effect: a model server has one worker"),
        ("live_reload", "has no effect: `truss watch` and live patches reload without it"),
        (
            "use_local_src",
            "has no effect: the model server is the one of this server's build tools, not of your machine"
        ),
    ]

    private static let noWeights =
        "this server does not fetch weights; put them into data/, into external_data, or fetch them in load()"
    private static let noEngines = "this server runs the Truss server and servers of your own only"

    private static let refused: [(String, String)] = [
        ("weights", noWeights), ("model_cache", noWeights), ("hf_cache", noWeights),
        ("cache_internal", noWeights), ("bdn", noWeights),
        ("training_checkpoints", "this server has no training jobs to deploy from"),
        ("trt_llm", noEngines), ("bis_llm", noEngines),
        (
            "docker_server.no_build",
            "an image cannot be run as it is: this machine runs no containers, only programs of its own"
        ),
    ]

    /// Mappings whose keys are the user's.
    private static let free: Set<String> = [
        "model_metadata", "environment_variables", "secrets", "build.arguments",
        "build.secret_to_path_mapping",
    ]

    /// Keys that hold others, parents first.
    static let sections = [
        "model_metadata", "base_image", "environment_variables", "secrets", "resources", "runtime",
        "runtime.transport", "runtime.health_checks", "runtime.egress_restrictions", "runtime.oidc",
        "runtime.remote_ssh", "build", "docker_server",
    ]

    /// nil for a key that upstream does not know.
    static func effect(of path: String) -> KeyEffect? {
        var place = path[...]
        while true {
            if let effect = table[String(place)] {
                switch effect {
                case .honoured where place.count == path.count || free.contains(String(place)):
                    return .honoured
                case .honoured: return nil
                case .warned, .refused: return effect
                }
            }
            guard let end = place.lastIndex(where: { $0 == "." || $0 == "[" }) else { return nil }
            place = place[..<end]
        }
    }

    /// The keys that a section may have.
    static func known(in path: String) -> [String] {
        let start = path.isEmpty ? "" : path + "."
        return table.keys.filter { key in
            key.hasPrefix(start) && !key.dropFirst(start.count).contains { $0 == "." || $0 == "[" }
        }.map { String($0.dropFirst(start.count)) }.sorted()
    }

    static func isFree(_ path: String) -> Bool { free.contains(path) }
}

extension ConfigReader {
    /// Says of every key that is set what becomes of it, and tells slips from extensions.
    ///
    /// Upstream takes unknown keys silently, so one that is a slip of a known key is an error here and any other a
    /// warning.
    mutating func checkKeys(of value: ConfigValue, _ path: String = "") {
        switch value.content {
        case .list(let items):
            for item in items { checkKeys(of: item, path + "[]") }
        case .mapping(let members):
            // Where anything may be, one mapping is ours.
            for (key, member) in members where !ConfigKeys.isFree(path) || "\(path).\(key)" == ConfigKeys.own
            {
                check(key, member, in: path)
            }
        default: break
        }
    }

    private mutating func check(_ key: String, _ member: ConfigValue, in path: String) {
        let full = path.isEmpty ? key : "\(path).\(key)"
        // A dot in a key is no step of a path.
        let isPlain = !key.contains { $0 == "." || $0 == "[" }
        switch isPlain ? ConfigKeys.effect(of: full) : nil {
        case .honoured?: checkKeys(of: member, full)
        case .warned(let reason)?: if !member.isUnset { warn(full, member, reason) }
        case .refused(let reason)?: if !member.isUnset { fail(full, member, "is refused: \(reason)") }
        case nil:
            let known = ConfigKeys.known(in: path)
            if isPlain, let meant = known.first(where: { Self.distance(key, $0) <= ($0.count < 5 ? 1 : 2) }) {
                fail(full, member, "unknown key; did you mean \"\(meant)\"?")
            } else {
                warn(full, member, "unknown key; it has no effect")
            }
        }
    }
}
