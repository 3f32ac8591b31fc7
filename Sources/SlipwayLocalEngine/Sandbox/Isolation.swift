// Which isolation this machine gives, tried once at the start: each part for real, with a process that does nothing.

import Foundation
import SlipwayCore
import SlipwayEngine
import SlipwayTruss

struct Isolation: Sendable {
    /// What can be had or not beside a root of its own.
    enum Part: Sendable, CaseIterable {
        /// Namespaces of processes, of System V objects and of the host's name, with a /proc of their own.
        case processes
        /// The filter of system calls.
        case filter
        /// A network of its own. Without it no replica is started, unless that is asked for.
        case network
    }

    var mode: SandboxMode
    var parts: Set<Part>
    /// Why not, for parts that cannot be had and for `plain`.
    var reasons: [Part: String] = [:]
    var plainReason: String?
    /// Whether replicas are started without a network of their own where there is none: only when that is asked for.
    var isOptional = false

    func has(_ part: Part) -> Bool {
        switch part {
        case .processes where Wall.processes.isRemoved, .filter where Wall.callFilter.isRemoved: false
        default: parts.contains(part)
        }
    }

    /// Tries what replicas will need.
    /// - Throws: `StartFailure` when the machine lacks something now, so that nothing is known of what it can.
    static func probe(_ configuration: LocalEngineConfiguration) async throws -> Isolation {
        guard configuration.usesNamespaces else {
            var plain = try await probe(.plain, configuration, plainReason: "they are turned off")
            plain.isOptional = true
            return plain
        }
        let mode: SandboxMode = configuration.runsAsRoot ? .root : .userNamespace
        let whole = Isolation(mode: mode, parts: Set(Part.allCases))
        if try await failure(of: whole, configuration) == nil { return whole }
        if let reason = try await failure(of: Isolation(mode: mode, parts: []), configuration) {
            return try await probe(.plain, configuration, plainReason: reason)
        }
        return try await probe(mode, configuration, plainReason: nil)
    }

    /// One part after the other.
    private static func probe(
        _ mode: SandboxMode, _ configuration: LocalEngineConfiguration, plainReason: String?
    ) async throws -> Isolation {
        var found = Isolation(mode: mode, parts: [], plainReason: plainReason)
        for part in Part.allCases {
            if mode == .plain, part != .filter {
                found.reasons[part] = "mount namespaces cannot be used"
                continue
            }
            var more = found
            more.parts.insert(part)
            if let reason = try await failure(of: more, configuration) {
                found.reasons[part] = reason
            } else {
                found = more
            }
        }
        return found
    }

    /// Why a process cannot be started so; nil when it can.
    /// - Throws: `StartFailure` when that may be otherwise the next time.
    private static func failure(
        of isolation: Isolation, _ configuration: LocalEngineConfiguration
    ) async throws -> String? {
        let unit = configuration.root + "/probe-\(UUID().uuidString)"
        do {
            let reason = try await failure(of: isolation, configuration, in: unit)
            await Trash.removeAll(unit)
            // As the process would see it: reasons are read by people who are told no path of the server.
            return reason?.replacing(unit + "/root", with: "").replacing(unit, with: "its directory")
        } catch {
            await Trash.removeAll(unit)
            throw error
        }
    }

    private static func failure(
        of isolation: Isolation, _ configuration: LocalEngineConfiguration, in unit: String
    ) async throws -> String? {
        let sandbox = Sandbox(configuration: configuration, isolation: isolation)
        do {
            try FileManager.default.createDirectory(
                atPath: unit + "/image/app", withIntermediateDirectories: true)
            let launch = Launch(
                isolation: isolation, egress: .closed, unit: unit,
                tree: unit + "/image", writesToTree: false, command: ["/bin/true"], environment: [:],
                workingDirectory: "/app", pythonEnvironment: nil, interpreterPrefix: nil,
                user: configuration.replicaUser, cgroups: [], hidden: configuration.hidden)
            try sandbox.prepare(launch, secrets: [:], environmentName: nil)
            let result = try await Command.run(output: unit + "/output.log", timeout: .seconds(10)) {
                try sandbox.start(launch, record: $0)
            }
            if result.code == 0 { return nil }
            // It took too long, or the kernel needed its memory.
            if result.code == 128 + SIGKILL { throw unknown("a process of it was ended by force") }
            return result.tail.last ?? "a process of it ended with code \(result.code)"
        } catch let error as StartFailure {
            throw error
        } catch  where error is CancellationError || Shortage.isCause(of: error) && !isForGood(error) {
            throw unknown("\(error)")
        } catch {
            return "\(error)"
        }
    }

    private static func unknown(_ reason: String) -> StartFailure {
        StartFailure(
            reason: "How replicas can be isolated on this machine cannot be found out now: \(reason).",
            cause: .machine)
    }

    /// Namespaces that are turned off are told as a lack of room for one more.
    private static func isForGood(_ error: any Error) -> Bool {
        guard (error as? SpawnError)?.code == ENOSPC else { return false }
        return ["user", "mnt", "pid", "ipc", "uts", "net"].contains {
            (try? String(contentsOfFile: "/proc/sys/user/max_\($0)_namespaces", encoding: .utf8)) == "0\n"
        }
    }
}

extension Isolation {
    /// What replicas get and what they do not, one line each.
    /// - Parameter user: of replicas that have one of their own.
    func describe(user: UInt32, egress: Egress) -> (facts: [String], missing: [String]) {
        var facts: [String] = []
        var missing: [String] = []
        func tell(_ part: Part, _ fact: String, _ gap: String) {
            if has(part) { facts.append(fact) } else { missing.append("\(gap) (\(reasons[part] ?? ""))") }
        }
        let why = plainReason.map { " (\($0))" } ?? ""
        switch mode {
        case .root:
            facts.append("replicas run as uid \(user) without capabilities and new privileges")
            facts.append(
                "replicas have a mount namespace and a root of their own, without the data directory")
        case .userNamespace:
            missing.append(
                "replicas run as the server's user; start the server as root to give them one of their own")
            facts.append(
                "replicas have a user and a mount namespace and a root of their own, without the data directory"
            )
        case .plain:
            if isOptional {
                missing.append("replicas run as the server's user, with what that user may do")
                missing.append(
                    "mount namespaces cannot be used\(why): replicas run as plain processes and see the files of their user, the data directory and other models among them"
                )
            } else {
                missing.append(
                    "mount namespaces cannot be used\(why): nothing is built or started; --isolation none does without"
                )
            }
        }
        tell(
            .processes, "replicas have a process namespace with a /proc of their own",
            "replicas have no process namespace: they see the processes of this machine")
        tell(
            .filter, "system calls of replicas and build commands are filtered (seccomp)",
            "system calls of replicas cannot be filtered")
        tell(
            .network,
            egress == .open
                ? "each replica has a network of its own"
                : "each replica has a network of its own without a way out (--egress none)",
            isOptional
                ? "replicas share this machine's network: they reach its loopback and each other's ports; deployments with egress \"none\" cannot be started"
                : "replicas cannot be given a network of their own, and without one none is built or started; --isolation none does without"
        )
        return (facts, missing)
    }

    /// Why nothing of a user may be run here; nil when it may.
    var refusal: String? {
        guard !isOptional, let missing = Part.allCases.last(where: { !parts.contains($0) }) else {
            return nil
        }
        let reason = (plainReason ?? reasons[missing]).map { " (\($0))" } ?? ""
        return
            "This machine cannot give replicas \(missing.words)\(reason). Where every model is your own, --isolation none does without."
    }
}

extension Isolation.Part {
    fileprivate var words: String {
        switch self {
        case .processes: "processes of their own"
        case .filter: "a filter of system calls"
        case .network: "a network of their own"
        }
    }
}
