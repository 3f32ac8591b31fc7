// Makes one Python environment. Whatever packages bring runs in a sandbox that sees the recipe, the installer and what
// it makes, and nothing else.
//
// Packages come in two steps. `fetch` runs no code of any package: it takes wheels from the machine's own index into a
// cache that all builds share. `install` may build packages and runs what they bring: it sees that cache and writes to
// a layer of its own over it, which goes with the build. So nothing that a stranger's code has touched is read by
// another build. `docs/decisions/builds-in-the-sandbox.md` has the alternatives.

import Foundation
import SlipwayCore
import SlipwayEngine
import SlipwayTruss

struct EnvironmentInstall: Sendable {
    let configuration: LocalEngineConfiguration
    let sandbox: Sandbox
    let recipe: EnvironmentRecipe
    let tools: Tools
    /// Of the environment.
    let directory: String
    /// Of this making; removed with it.
    let work: String
    let log: @Sendable (String) -> Void

    /// The longest time one step may take: compilers need long.
    private static let timeout: Duration = .seconds(3600)
    /// A larger shared cache is emptied: what is needed is fetched again.
    private static let maxCache: Int64 = 50 << 30

    private var mode: SandboxMode { sandbox.isolation.mode }
    private var sharedCache: String { configuration.root + "/wheels" }
    private var isShared: Bool { mode == .plain || Wall.packageCache.isRemoved }

    /// - Throws: `BuildFailure` with the installer's words; nothing of the environment is left then.
    func run() async throws {
        let trash = Trash(root: configuration.root)
        trash.discard(directory)
        defer { trash.discard(work) }
        do {
            try makeDirectories()
            try await Blocking.run { try copyRecipe() }
            log("Making a Python \(recipe.interpreter.fullVersion) environment.")
            try await uv(
                ["venv", "--allow-existing", "--python", recipe.interpreter.executable, place.path(mode)],
                cache: .none, egress: .closed)
            if recipe.exportsLock { try await installLock() }
            for install in recipe.installs {
                let files = install.requirementFiles.filter { !$0.hasPrefix("/tmp/") }
                if files.isEmpty { continue }
                let recipe = recipeView.path(mode)
                try await self.install(
                    requirements: files.map { "\(recipe)/\($0)" },
                    constraints: install.constraintFiles.map { "\(recipe)/\($0)" },
                    canFetch: (files + install.constraintFiles).allSatisfy(canFetch))
            }
            try await Blocking.run { try finish() }
        } catch {
            let cause = BuildShortage.cause(of: error, root: configuration.root)
            trash.discard(directory)
            throw cause
        }
    }

    // MARK: Directories

    private var place: View { View(source: directory, target: directory, access: .writable) }
    private var recipeView: View {
        View(source: work + "/recipe", target: "/build/recipe", access: .readOnly)
    }
    private var outputView: View { View(source: work + "/out", target: "/build/out", access: .writable) }

    private func makeDirectories() throws {
        let files = FileManager.default
        for path in [directory, work + "/recipe", work + "/out", sharedCache] {
            try files.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
        for path in [directory, work + "/out", sharedCache] {
            chmod(path, 0o755)
            if mode == .root { lchown(path, configuration.buildUser, configuration.buildUser) }
        }
    }

    private func copyRecipe() throws {
        let copy = TreeCopy(root: recipe.context, tree: work + "/recipe")
        for file in recipe.files {
            try copy.place(file, at: "/" + file)
            guard RequirementsFile.isOne(file) else { continue }
            let path = "\(work)/recipe/\(file)"
            guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { continue }
            if let problem = RequirementsFile(text).problems.first {
                throw BuildFailure(reason: "Line \(problem.line) of the requirements: \(problem.message).")
            }
            try Self.withMachineIndex(text).write(toFile: path, atomically: true, encoding: .utf8)
        }
    }

    /// The planner pins the public index by a line of its own; the machine's configured index counts instead.
    private static func withMachineIndex(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).filter {
            $0.trimmingCharacters(in: .whitespaces) != "-i https://pypi.org/simple"
        }.joined(separator: "\n")
    }

    /// Whether what a file asks for is decided by the machine's own index alone.
    private func canFetch(_ file: String) -> Bool {
        guard RequirementsFile.isOne(file),
            let text = try? String(contentsOfFile: "\(work)/recipe/\(file)", encoding: .utf8)
        else { return false }
        return RequirementsFile(text).namesPackagesOnly
    }

    // MARK: Steps

    private func installLock() async throws {
        log("Packages come from uv.lock; the project of pyproject.toml itself is not installed.")
        let exported = outputView.path(mode) + "/exported-requirements.txt"
        try await uv(
            [
                "export", "--quiet", "--frozen", "--no-emit-project", "--format", "requirements-txt",
                "--output-file", exported,
            ], cache: .none, egress: .closed)
        try await install(requirements: [exported], constraints: [], canFetch: false)
    }

    private func install(requirements: [String], constraints: [String], canFetch: Bool) async throws {
        let named =
            ["--index-strategy", "unsafe-best-match"] + requirements.flatMap { ["-r", $0] }
            + constraints.flatMap { ["-c", $0] }
        let isFetched = canFetch ? try await fetch(named) : false
        if !isFetched {
            if canFetch {
                log(
                    "Not all of it has a wheel for Python \(recipe.interpreter.version): packages are built from source, which may take minutes."
                )
            }
            try await fetchServer(constraints)
        }
        let python = place.path(mode) + "/bin/python"
        // With everything there, what runs while it is installed needs no network.
        let offline = isFetched && !isShared
        do {
            try await uv(
                ["pip", "install", "--python", python] + (offline ? ["--offline"] : []) + named,
                cache: .layered, egress: offline ? .closed : .open,
                environment: [
                    // Replicas cannot write to the environment: without this each start would compile every module.
                    "UV_COMPILE_BYTECODE": "1", "UV_LINK_MODE": "copy",
                ])
        } catch let failure as BuildFailure where canFetch && !isFetched {
            guard let hint = await hint(requirements, constraints, failure) else { throw failure }
            throw BuildFailure(reason: "\(failure.reason) \(hint)")
        }
    }

    /// Which version of Python has wheels for all that is required; nil when none has, or nothing had to be built.
    private func hint(
        _ requirements: [String], _ constraints: [String], _ failure: BuildFailure
    ) async -> String? {
        guard failure.reason.contains("build") else { return nil }
        for version in Pythons.withWheels where version != recipe.interpreter.version {
            let result = try? await step(
                [
                    "pip", "compile", "--quiet", "--no-build", "--index-strategy", "unsafe-best-match",
                    "--python", recipe.interpreter.executable, "--python-version", "\(version)",
                ] + requirements + constraints.flatMap { ["-c", $0] }, cache: .shared, egress: .open,
                environment: [:]
            ) { _ in }
            if result?.code == 0 {
                return "With python_version: py\(version.major)\(version.minor) all of it has wheels."
            }
        }
        return nil
    }

    /// - Returns: false when not everything is a wheel of the machine's index.
    private func fetch(_ named: [String]) async throws -> Bool {
        if isShared { return false }
        try await emptyLargeCache()
        let result = try await step(
            ["pip", "install", "--quiet", "--no-build", "--target", "/tmp/fetched", "--python"]
                + [recipe.interpreter.executable] + named, cache: .shared, egress: .open,
            environment: ["UV_LINK_MODE": "symlink"]
        ) { _ in }
        return result.code == 0
    }

    /// What the model server needs, in any case: only the rest is then this build's own.
    private func fetchServer(_ constraints: [String]) async throws {
        let own = Set(tools.serverRequirements)
        let lines = recipe.files.filter(RequirementsFile.isOne).flatMap { file in
            let text = try? String(contentsOfFile: "\(work)/recipe/\(file)", encoding: .utf8)
            return (text ?? "").split(separator: "\n").map(String.init).filter(own.contains)
        }
        if lines.isEmpty { return }
        // A constraint file may name an index of its own.
        let recipePath = recipeView.path(mode) + "/"
        let constraints = constraints.filter { canFetch(String($0.dropFirst(recipePath.count))) }
        let name = "server-requirements.txt"
        let path = "\(work)/recipe/\(name)"
        unlink(path)
        try NewFile.write(Array(lines.joined(separator: "\n").utf8), to: path, mode: 0o444)
        _ = try await fetch(
            ["-r", recipePath + name] + constraints.flatMap { ["-c", $0] })
    }

    /// So that fetching does not fill the disk in the long run.
    private func emptyLargeCache() async throws {
        let isLarge = try await Blocking.run { [sharedCache] in
            var usage = DiskUsage(limit: DiskLimit(bytes: Self.maxCache, files: Int.max))
            usage.add(directory: sharedCache)
            return usage.problem != nil
        }
        guard isLarge else { return }
        Trash(root: configuration.root).take(sharedCache)
        try makeDirectories()
    }

    /// Nothing of the build runs any more; from here on nobody changes the environment.
    private func finish() throws {
        try FileTree.claim(directory, user: mode == .root ? configuration.replicaUser : nil)
        let marker = EnvironmentCache.marker(of: directory)
        unlink(marker)
        try NewFile.write([], to: marker, mode: 0o600)
    }

    // MARK: The installer

    private enum Cache {
        case none, shared, layered
    }

    private func uv(
        _ arguments: [String], cache: Cache, egress: Egress, environment: [String: String] = [:]
    ) async throws {
        let result = try await step(
            arguments, cache: cache, egress: egress, environment: environment, line: log)
        guard result.code == 0 else {
            throw BuildFailure(reason: result.force + Self.words(of: result.tail))
        }
    }

    private func step(
        _ arguments: [String], cache: Cache, egress: Egress, environment: [String: String],
        line: @escaping @Sendable (String) -> Void
    ) async throws -> CommandResult {
        let unit = "\(work)/step-\(UUID().uuidString)"
        var variables = Command.buildEnvironment()
        variables.merge(environment) { $1 }
        variables["UV_NO_PROGRESS"] = "1"
        variables["UV_PYTHON_DOWNLOADS"] = "never"
        var views = [recipeView] + tools.installerViews + Command.settingsFiles()
        // Fetching runs no code of packages, and is not shown what is made of them.
        if cache != .shared { views += [place, outputView] }
        var watched = [directory, work + "/out"]
        if cache == .none {
            variables["UV_NO_CACHE"] = "1"
        } else {
            var view = View(source: sharedCache, target: "/build/cache", access: .writable)
            if cache == .layered, !isShared {
                let layers = unit + "/layers"
                view.access = .layered(upper: layers + "/cache-up", work: layers + "/cache-work")
            } else {
                watched.append(sharedCache)
            }
            views.append(view)
            variables["UV_CACHE_DIR"] = view.path(mode)
        }
        let launch = Launch(
            isolation: sandbox.isolation, egress: sandbox.egress(egress), unit: unit, tree: nil,
            writesToTree: false, command: [tools.uv] + arguments, environment: variables,
            // The installer takes settings from a pyproject.toml where it stands: an index, a proxy. They are for what
            // is this build's own, and never decide what all builds find in the shared cache.
            workingDirectory: cache == .shared ? "/" : recipeView.path(mode), pythonEnvironment: nil,
            interpreterPrefix: recipe.interpreter.prefix, user: configuration.buildUser, cgroups: [],
            hidden: configuration.hidden, views: views)
        var limit = configuration.buildDiskLimit
        if watched.contains(sharedCache) { limit.bytes = limit.bytes.addingClamped(Self.maxCache) }
        return try await sandbox.run(
            launch, limits: .build(disk: limit, time: Self.timeout), watched: watched, line: line)
    }

    /// The installer's own explanation: from its cross mark on, else its last lines.
    private static func words(of tail: [String]) -> String {
        let lines = tail.map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
        let start =
            lines.firstIndex { $0.hasPrefix("×") || $0.hasPrefix("error:") } ?? max(0, lines.count - 4)
        return lines[start...].prefix(12).joined(separator: " ")
    }
}
