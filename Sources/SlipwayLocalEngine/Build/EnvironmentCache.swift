// Python environments by content: equal requirements share one, so that the second push installs nothing.

import Foundation
import SlipwayEngine
import SlipwayTruss

/// What an environment is made of.
struct EnvironmentRecipe: Sendable {
    var interpreter: Interpreter
    /// Directory with the requirement files.
    var context: String
    var installs: [BuildContextPlan.Install]
    var exportsLock: Bool
    /// Anything else that makes it differ, for example build commands that change it.
    var salt: String
}

actor EnvironmentCache {
    private let configuration: LocalEngineConfiguration
    private var making: [String: (task: Task<Void, any Error>, waiters: Int)] = [:]

    init(configuration: LocalEngineConfiguration) { self.configuration = configuration }

    /// The directory of the environment, made when there is none yet. Equal requests at the same time share one
    /// making, which ends when the last of them is cancelled.
    /// - Throws: `BuildFailure` with the installer's words.
    func environment(
        for recipe: EnvironmentRecipe, tools: Tools, log: @escaping @Sendable (String) -> Void
    ) async throws -> String {
        let name = try Self.name(of: recipe)
        let directory = configuration.root + "/environments/" + name
        if FileManager.default.fileExists(atPath: directory + "/.complete") {
            log("Using the cached Python environment \(name.prefix(12)).")
            return directory
        }
        if making[name] == nil {
            let task = Task { try await self.make(recipe, at: directory, tools: tools, log: log) }
            making[name] = (task, 0)
        } else {
            log("Waiting for another build that makes the same Python environment.")
        }
        making[name]?.waiters += 1
        guard let task = making[name]?.task else { return directory }
        defer { leave(name, cancelling: false) }
        try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            Task { await self.leave(name, cancelling: true) }
        }
        return directory
    }

    private func leave(_ name: String, cancelling: Bool) {
        guard var entry = making[name] else { return }
        if cancelling {
            if entry.waiters == 1 { entry.task.cancel() }
            return
        }
        entry.waiters -= 1
        making[name] = entry.waiters == 0 ? nil : entry
    }

    private static func name(of recipe: EnvironmentRecipe) throws -> String {
        var hash = ContentHash()
        hash.add(recipe.interpreter.executable)
        hash.add(recipe.interpreter.fullVersion)
        hash.add(recipe.salt)
        if recipe.exportsLock {
            try hash.add(file: recipe.context + "/uv.lock")
            try hash.add(file: recipe.context + "/pyproject.toml")
        }
        for install in recipe.installs {
            for file in install.requirementFiles + install.constraintFiles {
                hash.add(file)
                try hash.add(file: recipe.context + "/" + file)
            }
        }
        return hash.name()
    }

    // MARK: Making

    private func make(
        _ recipe: EnvironmentRecipe, at directory: String, tools: Tools,
        log: @escaping @Sendable (String) -> Void
    ) async throws {
        let files = FileManager.default
        try? files.removeItem(atPath: directory)
        try files.createDirectory(
            atPath: configuration.root + "/environments", withIntermediateDirectories: true)
        do {
            log("Making a Python \(recipe.interpreter.fullVersion) environment.")
            try await uv(
                ["venv", "--python", recipe.interpreter.executable, directory], recipe, directory, tools, log)
            let python = directory + "/bin/python"
            if recipe.exportsLock {
                try await uv(
                    [
                        "export", "--quiet", "--frozen", "--format", "requirements-txt", "--output-file",
                        recipe.context + "/exported-requirements.txt",
                    ], recipe, directory, tools, log)
                try await uv(
                    ["pip", "install", "--python", python, "-r", "exported-requirements.txt"], recipe,
                    directory,
                    tools, log)
            }
            for install in recipe.installs {
                let files = install.requirementFiles.filter { !$0.hasPrefix("/tmp/") }
                if files.isEmpty { continue }
                for file in files { try Self.useMachineIndex(recipe.context + "/" + file) }
                try await uv(
                    ["pip", "install", "--python", python, "--index-strategy", "unsafe-best-match"]
                        + files.flatMap { ["-r", $0] } + install.constraintFiles.flatMap { ["-c", $0] },
                    recipe, directory, tools, log)
            }
            guard files.createFile(atPath: directory + "/.complete", contents: nil) else {
                throw BuildFailure(reason: "The Python environment cannot be written to \(directory).")
            }
        } catch {
            try? files.removeItem(atPath: directory)
            throw error
        }
    }

    private func uv(
        _ arguments: [String], _ recipe: EnvironmentRecipe, _ directory: String, _ tools: Tools,
        _ log: @escaping @Sendable (String) -> Void
    ) async throws {
        var environment = Command.buildEnvironment(home: configuration.root)
        environment["UV_CACHE_DIR"] = configuration.root + "/uv-cache"
        environment["UV_NO_PROGRESS"] = "1"
        // Replicas cannot write to the environment: without this each start would compile every module again.
        environment["UV_COMPILE_BYTECODE"] = "1"
        let result = try await Command.run(
            [tools.uv] + arguments, environment: environment, directory: recipe.context,
            output: directory + ".log", register: configuration.register, line: log)
        guard result.code == 0 else {
            throw BuildFailure(reason: result.force + Self.words(of: result.tail))
        }
    }

    /// The installer's own explanation: from its cross mark on, else its last lines.
    private static func words(of tail: [String]) -> String {
        let lines = tail.map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
        let start =
            lines.firstIndex { $0.hasPrefix("×") || $0.hasPrefix("error:") } ?? max(0, lines.count - 4)
        return lines[start...].prefix(12).joined(separator: " ")
    }

    /// The planner pins the public index by a line of its own; the machine's configured index counts instead.
    private static func useMachineIndex(_ path: String) throws {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return }
        let kept = text.split(separator: "\n", omittingEmptySubsequences: false).filter {
            $0.trimmingCharacters(in: .whitespaces) != "-i https://pypi.org/simple"
        }
        try kept.joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
    }
}
