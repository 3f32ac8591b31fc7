// What the upstream planner decided, as a plain process needs it: layout, installs, environment, start command.

import Foundation

/// Why a planned context cannot be run as a plain process.
public struct PlanError: Error, Sendable, Equatable, CustomStringConvertible {
    public var description: String
}

public struct BuildContextPlan: Sendable, Equatable {
    public struct Copy: Sendable, Equatable {
        /// Relative to the context directory.
        public var source: String
        /// Absolute path the replica sees.
        public var destination: String
    }

    public struct Install: Sendable, Equatable {
        /// Relative to the context directory.
        public var requirementFiles: [String]
        public var constraintFiles: [String]
    }

    public var environment: [(name: String, value: String)] { variables.map { ($0.name, $0.value) } }
    public private(set) var copies: [Copy] = []
    public private(set) var installs: [Install] = []
    /// The requirements come from a uv lock file that has to be exported first.
    public private(set) var exportsLock = false
    public private(set) var workingDirectory = "/"
    public private(set) var entrypoint: [String] = []
    /// What a plain process does not get, in words for the build log.
    public private(set) var notes: [String] = []

    private struct Variable: Sendable, Equatable {
        var name: String
        var value: String
    }

    private var variables: [Variable] = []

    /// Reads `Dockerfile` in the directory the planner wrote. Build commands and downloads are the config's.
    public init(contextDirectory: String) throws(PlanError) {
        guard let source = try? String(contentsOfFile: contextDirectory + "/Dockerfile", encoding: .utf8)
        else {
            throw PlanError(description: "The planner wrote no Dockerfile.")
        }
        self.init(dockerfile: source)
    }

    init(dockerfile: String) {
        for instruction in Dockerfile.instructions(dockerfile) { read(instruction) }
    }

    private mutating func read(_ instruction: DockerInstruction) {
        switch instruction.keyword {
        case "ENV":
            for (name, value) in Self.assignments(instruction.text) { set(name, expand(value)) }
        case "WORKDIR": workingDirectory = expand(instruction.text)
        case "COPY": copy(Dockerfile.words(instruction.text).filter { !$0.hasPrefix("--") })
        case "RUN": run(instruction.text)
        case "ENTRYPOINT", "CMD":
            if let words = try? JSONDecoder().decode([String].self, from: Data(instruction.text.utf8)) {
                entrypoint += words
            } else {
                entrypoint += Dockerfile.words(instruction.text)
            }
        case "FROM", "ARG", "USER": break
        default: notes.append("\(instruction.keyword) \(instruction.text.prefix(120)) has no effect here")
        }
    }

    /// Variables of the image itself, which make no sense for a process of this machine.
    private static let imageVariables: Set<String> = ["HOME", "PATH", "DEBIAN_FRONTEND", "PYTHON_EXECUTABLE"]

    private mutating func set(_ name: String, _ value: String) {
        guard !Self.imageVariables.contains(name) else { return }
        variables.removeAll { $0.name == name }
        variables.append(Variable(name: name, value: value))
    }

    /// `A="x y" B=z`, or the older `A x y`.
    private static func assignments(_ text: String) -> [(String, String)] {
        let words = Dockerfile.words(text)
        guard let first = words.first, first.contains("=") else {
            let parts = text.split(separator: " ", maxSplits: 1)
            return parts.count == 2 ? [(String(parts[0]), String(parts[1]))] : []
        }
        return words.compactMap { word in
            word.firstIndex(of: "=").map { (String(word[..<$0]), String(word[word.index(after: $0)...])) }
        }
    }

    /// `${NAME}` and `$NAME` of variables set so far; others stay as they are.
    private func expand(_ text: String) -> String {
        variables.reduce(text) { text, variable in
            text.replacingOccurrences(of: "${\(variable.name)}", with: variable.value)
        }
    }

    private mutating func copy(_ words: [String]) {
        guard words.count >= 2, let last = words.last else { return }
        let target = expand(last)
        for source in words.dropLast() {
            let name = source.hasPrefix("./") ? String(source.dropFirst(2)) : source
            // Requirement files land in the image's working directory only to be installed from there.
            guard target.hasPrefix("/") else { continue }
            // Shown to a replica, a directory of the image takes the place of the machine's own.
            guard Self.isOfImage(target) else {
                if !Self.imageFiles.contains(where: target.hasPrefix) {
                    notes.append("COPY \(name) \(target) has no effect here: the machine's own files stay")
                }
                continue
            }
            copies.append(
                Copy(
                    source: name,
                    destination: target.hasSuffix("/")
                        ? target + (name as NSString).lastPathComponent : target))
        }
    }

    /// Directories that replicas have from the machine or of their own.
    private static let systemDirectories: Set<String> = [
        "usr", "opt", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "boot", "proc", "sys", "dev", "etc",
        "var", "run", "tmp", "home", "root", "secrets", "slipway",
    ]
    /// Of servers that a container has beside the model's, which is started directly here.
    private static let imageFiles = ["/etc/nginx/", "/etc/supervisor/"]

    private static func isOfImage(_ target: String) -> Bool {
        let parts = target.split(separator: "/").filter { $0 != "." }
        guard let first = parts.first, !parts.contains("..") else { return false }
        return !systemDirectories.contains(String(first))
    }

    private mutating func run(_ text: String) {
        if text.contains("uv export") {
            exportsLock = true
        } else if text.contains("uv pip install") || text.contains("uv --no-config pip install") {
            install(Dockerfile.words(text))
        } else if !Self.isFixed(text) {
            notes.append("RUN \(text.prefix(160)) has no effect here")
        }
    }

    /// Installs into an environment of the image's own proxy or control server are not the model's.
    private mutating func install(_ words: [String]) {
        if let at = words.firstIndex(of: "--python"), at + 1 < words.count,
            words[at + 1].hasPrefix("/control/") || words[at + 1].hasPrefix("/docker_server/")
        {
            return
        }
        func following(_ flag: String) -> [String] {
            words.indices.filter { words[$0] == flag && $0 + 1 < words.count }.map { words[$0 + 1] }
        }
        let files = following("-r")
        guard !files.isEmpty else {
            return notes.append("RUN \(words.joined(separator: " ").prefix(160)) has no effect here")
        }
        installs.append(Install(requirementFiles: files, constraintFiles: following("-c")))
    }

    /// Steps that prepare an image's operating system; the machine stands in for it.
    private static func isFixed(_ text: String) -> Bool {
        let marks = [
            "/etc/os-release", "sys.version_info", "/etc/apt/sources.list", "command -v curl",
            "command -v uv", "useradd",
            "mkdir -p ${APP_HOME}", "mkdir -p /packages", "mkdir -p /workspace", "mkdir -p /dev/shm",
            "mkdir /static-bptr",
            "chown -R", "uv python install", "uv venv", "ln -sf", "readlink", "apt-get update", "apt update",
            "echo \"hash",
        ]
        return marks.contains { text.contains($0) }
    }
}
