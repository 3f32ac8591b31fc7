// Python environments by content: equal requirements share one, so that the second push installs nothing. A finished
// environment is changed by nobody and goes when no image needs it.

import Foundation
import SlipwayCore
import SlipwayEngine
import SlipwayTruss

/// What an environment is made of.
struct EnvironmentRecipe: Sendable {
    var interpreter: Interpreter
    /// Directory with the requirement files; what a confined process left there was looked at.
    var context: String
    var installs: [BuildContextPlan.Install]
    var exportsLock: Bool
    /// Anything else that makes it differ, for example build commands that change it.
    var salt: String

    /// Every file of the context that counts, and no other is seen while the environment is made: so equal recipes
    /// make equal environments.
    var files: [String] {
        let lock = exportsLock ? ["uv.lock", "pyproject.toml"] : []
        return lock
            + installs.flatMap { $0.requirementFiles + $0.constraintFiles }.filter { !$0.hasPrefix("/tmp/") }
    }

    /// - Throws: `BuildFailure` for a file that is not the context's.
    func name() throws -> String {
        var hash = ContentHash()
        // Of the way environments are made: those made otherwise are not taken for these.
        hash.add("sandboxed")
        hash.add(interpreter.executable)
        hash.add(interpreter.fullVersion)
        hash.add(salt)
        for file in files {
            guard !file.hasPrefix("/"), !file.split(separator: "/").contains("..") else {
                throw BuildFailure(reason: "The plan installs from \(file), which is no file of the Truss.")
            }
            hash.add(file)
            try hash.add(file: context + "/" + file)
        }
        return hash.name()
    }
}

actor EnvironmentCache {
    private let configuration: LocalEngineConfiguration
    private var making: [String: SharedWork] = [:]
    /// How many builds use an environment that no image may name yet.
    private var holds: [String: Int] = [:]

    init(configuration: LocalEngineConfiguration) { self.configuration = configuration }

    /// Beside the environment, where nothing of a build can write.
    static func marker(of environment: String) -> String { environment + ".complete" }

    static func isComplete(_ environment: String) -> Bool {
        FileManager.default.fileExists(atPath: marker(of: environment))
    }

    /// The directory of the environment, made when there is none yet. Equal requests at the same time share one
    /// making, which ends when the last of them is cancelled. It is held until `release`.
    /// - Throws: `BuildFailure` with the installer's words.
    func environment(
        for recipe: EnvironmentRecipe, tools: Tools, sandbox: Sandbox,
        log: @escaping @Sendable (String) -> Void
    ) async throws -> String {
        let name = try await Blocking.run { try recipe.name() }
        let directory = configuration.root + "/environments/" + name
        holds[directory, default: 0] += 1
        do {
            try await make(name, recipe, directory, tools, sandbox, log)
        } catch {
            release(directory)
            throw error
        }
        return directory
    }

    func release(_ directory: String) {
        guard let count = holds[directory] else { return }
        holds[directory] = count > 1 ? count - 1 : nil
    }

    /// Frees the environments that nothing needs.
    /// - Parameter needed: those that images and replicas use; nil when that cannot be told, and nothing is freed. Asked
    ///   here, where no build can take an environment up in between.
    func collect(needed: @Sendable () -> Set<String>?) {
        let root = configuration.root + "/environments"
        guard let needed = needed() else { return }
        for name in (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        where !name.contains(".") {
            let path = "\(root)/\(name)"
            if needed.contains(path) || holds[path] != nil || making[name] != nil { continue }
            unlink(Self.marker(of: path))
            Trash(root: configuration.root).take(path)
        }
        Trash(root: configuration.root).empty()
    }

    private func make(
        _ name: String, _ recipe: EnvironmentRecipe, _ directory: String, _ tools: Tools, _ sandbox: Sandbox,
        _ log: @escaping @Sendable (String) -> Void
    ) async throws {
        if Self.isComplete(directory) {
            return log("Using the cached Python environment \(name.prefix(12)).")
        }
        // One that was given up cleans up first: both would write to the same place.
        while let work = making[name], work.isGivenUp {
            await work.end()
            if making[name] === work { making[name] = nil }
        }
        if making[name] == nil {
            let install = EnvironmentInstall(
                configuration: configuration, sandbox: sandbox, recipe: recipe, tools: tools,
                directory: directory, work: "\(configuration.root)/work/\(UUID().uuidString)", log: log)
            making[name] = SharedWork(Task { try await install.run() })
        } else {
            log("Waiting for another build that makes the same Python environment.")
        }
        guard let work = making[name] else { return }
        // Whoever comes after the last waiter has gone begins anew.
        defer { if making[name] === work, !work.hasWaiters { making[name] = nil } }
        try await work.wait()
    }
}
