// Whether this machine has what a config asks of its system: replicas run on it, and nothing is installed for them.

import Foundation
import SlipwayCore
import SlipwayEngine

struct SystemNeeds: Sendable {
    let configuration: LocalEngineConfiguration
    /// More are no list that anyone wrote.
    private static let maxPackages = 500

    func unmet(_ needs: MachineNeeds) async throws -> [UnmetNeed] {
        var unmet: [UnmetNeed] = []
        if needs.packages.count > Self.maxPackages {
            unmet.append(
                UnmetNeed(key: "system_packages", reason: "must have at most \(Self.maxPackages) entries"))
        } else {
            let missing = try await missing(of: needs.packages)
            if !missing.isEmpty {
                unmet.append(
                    UnmetNeed(
                        key: "system_packages",
                        reason:
                            "\(missing.joined(separator: ", ")) \(missing.count == 1 ? "is" : "are") not installed on this machine, whose system replicas see; install with apt-get there"
                    ))
            }
        }
        if let user = needs.user, let reason = problem(withUser: user) {
            unmet.append(UnmetNeed(key: "docker_server.run_as_user_id", reason: reason))
        }
        return unmet
    }

    /// A replica may run as a user that owns nothing here. In a root of its own it still sees the machine's programs and
    /// settings, and would read what is for their owner alone.
    private func problem(withUser user: UInt32) -> String? {
        if [configuration.replicaUser, configuration.buildUser].contains(user) {
            return "user \(user) is this server's own for replicas and builds; choose another one"
        }
        // In a user namespace the number means nothing outside.
        guard geteuid() == 0 else { return nil }
        return getpwuid(user) == nil
            ? nil
            : "user \(user) has an account on this machine, whose files it could read; choose another one"
    }

    private func missing(of packages: [String]) async throws -> [String] {
        let names = Array(Set(packages)).filter { !$0.isEmpty }.sorted()
        if names.isEmpty { return [] }
        let work = configuration.root + "/work"
        try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
        let program = "/usr/bin/dpkg-query"
        guard FileManager.default.isExecutableFile(atPath: program) else { return names }
        let result = try await Command.runWhole(
            [program, "-W", "-f", "${db:Status-Abbrev} ${Package}\\n", "--"] + names,
            environment: Command.buildEnvironment(home: "/"), directory: "/",
            output: "\(work)/dpkg-\(UUID().uuidString).log")
        let installed = Set(
            result.lines.compactMap { line -> String? in
                let words = line.split(separator: " ")
                return words.count == 2 && words[0] == "ii" ? String(words[1]) : nil
            })
        // A name may say an architecture.
        return names.filter { !installed.contains(String($0.split(separator: ":")[0])) }
    }
}
