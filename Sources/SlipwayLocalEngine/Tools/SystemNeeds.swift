// Whether this machine has what a config asks of its system: replicas run on it, and nothing is installed for them.

import Foundation
import SlipwayCore
import SlipwayEngine

struct SystemNeeds: Sendable {
    let configuration: LocalEngineConfiguration
    let isolation: Isolation
    /// More are no list that anyone wrote.
    private static let maxPackages = 500

    func unmet(_ needs: MachineNeeds) async throws -> [UnmetNeed] {
        var unmet: [UnmetNeed] = []
        if needs.packages.count > Self.maxPackages {
            unmet.append(
                UnmetNeed(key: "system_packages", reason: "must have at most \(Self.maxPackages) entries"))
        } else {
            let (missing, others) = try await shortfall(of: needs.packages)
            if !missing.isEmpty {
                unmet.append(
                    UnmetNeed(
                        key: "system_packages",
                        reason:
                            "\(missing.joined(separator: ", ")) \(missing.count == 1 ? "is" : "are") not installed on this machine, whose system replicas see; install with apt-get there"
                    ))
            }
            for (package, version) in others {
                unmet.append(
                    UnmetNeed(
                        key: "system_packages",
                        reason:
                            "\(package) is asked for, and this machine, whose system replicas see, has \(version)"
                    ))
            }
        }
        if let user = needs.user, let reason = problem(withUser: user) {
            unmet.append(UnmetNeed(key: "docker_server.run_as_user_id", reason: reason))
        }
        if needs.mountsSecrets, isolation.mode == .plain {
            unmet.append(
                UnmetNeed(
                    key: "build.secret_to_path_mapping",
                    reason: "it needs mount namespaces, which are not used here"))
        }
        if needs.limitsEgress, let reason = isolation.reasons[.network] {
            unmet.append(
                UnmetNeed(
                    key: "runtime.egress_restrictions",
                    reason: "this machine cannot keep a replica from the network: \(reason)"))
        }
        return unmet
    }

    /// A replica may run as a user that owns nothing here. In a root of its own it still sees the machine's programs and
    /// settings, and would read what is for their owner alone.
    private func problem(withUser user: UInt32) -> String? {
        if isolation.mode == .plain { return "without isolation replicas run as the server's own user" }
        if [configuration.replicaUser, configuration.buildUser].contains(user) {
            return "user \(user) is this server's own for replicas and builds; choose another one"
        }
        // In a user namespace the number means nothing outside.
        guard geteuid() == 0 else { return nil }
        return getpwuid(user) == nil
            ? nil
            : "user \(user) has an account on this machine, whose files it could read; choose another one"
    }

    /// - Returns: the names of packages that are not there, and those that are there in another version, with it.
    private func shortfall(
        of packages: [String]
    ) async throws -> (missing: [String], others: [(package: String, version: String)]) {
        let wanted = Set(packages).map(WantedPackage.init).filter { !$0.name.isEmpty }
            .sorted { $0.text < $1.text }
        let installed = try await versions(of: Set(wanted.map(\.name)).sorted())
        var missing: [String] = []
        var others: [(String, String)] = []
        for package in wanted {
            guard let version = installed[package.bareName] else {
                missing.append(package.name)
                continue
            }
            if !package.takes(version) { others.append((package.text, version)) }
        }
        return (missing, others)
    }

    /// Of the packages that are installed, by name.
    private func versions(of names: [String]) async throws -> [String: String] {
        let program = "/usr/bin/dpkg-query"
        guard !names.isEmpty, FileManager.default.isExecutableFile(atPath: program) else { return [:] }
        let work = configuration.root + "/work"
        try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
        let result = try await Command.runWhole(
            [program, "-W", "-f", "${db:Status-Abbrev} ${Package} ${Version}\\n", "--"] + names,
            environment: Command.buildEnvironment(home: "/"), directory: "/",
            output: "\(work)/dpkg-\(UUID().uuidString).log")
        let installed = result.lines.map { $0.split(separator: " ").map(String.init) }
            .filter { $0.count == 3 && $0[0] == "ii" }
        return Dictionary(installed.map { ($0[1], $0[2]) }) { $1 }
    }
}

/// One entry of `system_packages` as apt-get takes it.
private struct WantedPackage {
    /// As it was written.
    var text: String
    /// May say an architecture.
    var name: String
    /// A version, which may end in `*`; nil for any.
    var version: String?

    init(_ text: String) {
        self.text = text
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        name = String(parts[0])
        version = parts.count > 1 ? String(parts[1]) : nil
    }

    var bareName: String { String(name.prefix { $0 != ":" }) }

    func takes(_ installed: String) -> Bool {
        guard let version else { return true }
        return version.hasSuffix("*") ? installed.hasPrefix(version.dropLast()) : installed == version
    }
}
