// A live patch as the official client sends it: what changed in a Truss between two states, and how much of that can
// be carried into a development deployment without a new push.

import Foundation
import SlipwayBLAKE3

/// Why a patch cannot be taken.
public struct PatchProblem: Error, Sendable, Equatable, CustomStringConvertible {
    public var description: String
    /// A new push would do it.
    public var needsFullDeploy: Bool

    public init(_ description: String, needsFullDeploy: Bool = false) {
        self.description = description
        self.needsFullDeploy = needsFullDeploy
    }
}

public struct TrussPatch: Sendable, Equatable {
    /// Names the state the patch builds on, and the state it leads to.
    public var previousHash: String
    public var nextHash: String
    /// The client's own description of the next state, as JSON text; it reads it back.
    public var nextSignature: String
    /// `config.yaml` of the next state.
    public var nextConfig: String
    /// Lines of the requirements file of the next state, where the config names one.
    public var nextRequirements: [String]
    public var operations: [Operation]
    /// By path, the digest of each file of the next state; nil for a directory.
    public var claims: [String: String?]
    /// The client asks to change the running model in place: only code changes, and each operation says so.
    public var isHotReload: Bool

    public enum Operation: Sendable, Equatable {
        /// A file below the directory of the model's code.
        case modelCode(path: String, content: Data?)
        /// A file below the directory of bundled packages.
        case package(path: String, content: Data?)
        /// The next config says it all: environment variables, requirements, the config itself. What the operation says of
        /// it has to be so.
        case config([ConfigClaim])
        /// Of a kind that only a push carries out.
        case unpatchable(String)
    }

    /// - Parameter json: the patch as a JSON object.
    /// - Throws: `PatchProblem` naming the member.
    public init(json: Data) throws(PatchProblem) {
        guard let root = try? JSONSerialization.jsonObject(with: json) as? [String: Any] else {
            throw PatchProblem("The patch is not a JSON object.")
        }
        func text(_ object: [String: Any], _ name: String) throws(PatchProblem) -> String {
            guard let text = object[name] as? String else { throw PatchProblem("\(name): expected a string") }
            return text
        }
        previousHash = try text(root, "prev_hash")
        nextHash = try text(root, "next_hash")
        guard let signature = root["next_signature"] as? [String: Any],
            let signatureText = try? JSONSerialization.data(withJSONObject: signature, options: .sortedKeys)
        else { throw PatchProblem("next_signature: expected an object") }
        nextSignature = String(decoding: signatureText, as: UTF8.self)
        nextConfig = try text(signature, "config")
        claims = (signature["content_hashes_by_path"] as? [String: Any] ?? [:]).mapValues { $0 as? String }
        nextRequirements = signature["requirements_file_requirements"] as? [String] ?? []
        guard let list = root["patch_ops"] as? [[String: Any]], !list.isEmpty else {
            throw PatchProblem("patch_ops: expected at least one operation")
        }
        var operations: [Operation] = []
        for (index, object) in list.enumerated() {
            operations.append(try Self.operation(object, at: "patch_ops[\(index)]"))
        }
        self.operations = operations
        isHotReload = list.allSatisfy { operation in
            let body = operation["body"] as? [String: Any]
            return operation["type"] as? String == "model_code" && body?["hot_reload"] as? Bool == true
        }
    }

    private static func operation(
        _ object: [String: Any], at place: String
    ) throws(PatchProblem) -> Operation {
        guard let type = object["type"] as? String else {
            throw PatchProblem("\(place).type: expected a string")
        }
        guard let body = object["body"] as? [String: Any] else {
            throw PatchProblem("\(place).body: expected an object")
        }
        switch type {
        case "model_code":
            let (path, content) = try file(body, at: place)
            return .modelCode(path: path, content: content)
        case "package":
            let (path, content) = try file(body, at: place)
            return .package(path: path, content: content)
        case "config", "environment_variable", "python_requirement":
            return .config(try ConfigClaim.read(body, ofType: type, at: place))
        case "system_package", "data", "external_data": return .unpatchable(type)
        default: throw PatchProblem("\(place).type: unknown kind of operation \"\(type.prefix(100))\"")
        }
    }

    private static func file(
        _ body: [String: Any], at place: String
    ) throws(PatchProblem) -> (String, Data?) {
        guard let path = body["path"] as? String, isSafe(path) else {
            throw PatchProblem("\(place).body.path: expected a relative path without \"..\"")
        }
        switch body["action"] as? String {
        case "REMOVE": return (path, nil)
        case "ADD", "UPDATE":
            if let text = body["content"] as? String { return (path, Data(text.utf8)) }
            if let encoded = body["content_bytes"] as? String, let data = Data(base64Encoded: encoded) {
                return (path, data)
            }
            throw PatchProblem("\(place).body: expected content or content_bytes in base64")
        default: throw PatchProblem("\(place).body.action: expected ADD, UPDATE or REMOVE")
        }
    }

    private static func isSafe(_ path: String) -> Bool {
        // As bytes: see `pathParts`.
        let parts = path.utf8.split(separator: slash, omittingEmptySubsequences: false)
            .map { String(Substring($0)) }
        return !parts.isEmpty && path.utf8.count <= 1024
            && parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
            && !path.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F }
    }

    // MARK: Carrying out

    /// Members of the config that decide how the image is built, not what runs in it.
    private static let fixedMembers = [
        "base_image", "build_commands", "docker_server", "live_reload", "python_version", "resources",
        "system_packages",
    ]

    /// What the patch changes in the archive.
    /// - Parameter config: `config.yaml` of the archive as `TrussConfig.membersJSON` reads it.
    /// - Throws: `PatchProblem` that asks for a full deploy. Whether the new config is good is for its reader to say.
    public func changes(from config: String) throws(PatchProblem) -> [ArchiveChange] {
        for case .unpatchable(let type) in operations {
            throw PatchProblem("A change of \(type) needs a new push.", needsFullDeploy: true)
        }
        let old = Self.members(config)
        let new = Self.members(try Self.json(ofConfig: nextConfig))
        for name in Self.fixedMembers where !Self.equal(old[name], new[name]) {
            throw PatchProblem("A change of \(name) needs a new push.", needsFullDeploy: true)
        }
        var changes = fileChanges(new)
        if changesConfig {
            changes.append(ArchiveChange(path: "config.yaml", content: Data(nextConfig.utf8)))
            if let file = new["requirements_file"] as? String, Self.isSafe(file), !file.hasSuffix(".toml"),
                !file.hasSuffix(".lock")
            {
                for line in nextRequirements {
                    if let problem = RequirementLine.problem(in: line) {
                        throw PatchProblem("next_signature.requirements_file_requirements: \(problem)")
                    }
                }
                let lines = nextRequirements.map { $0 + "\n" }.joined()
                changes.append(ArchiveChange(path: file, content: Data(lines.utf8)))
            }
        }
        return changes
    }

    // MARK: What the patch claims

    /// Compares what the patch brings with the digests it claims for the next state: a patch that was cut short or mixed
    /// up would leave a deployment whose source nobody can name.
    ///
    /// - Parameter before: the state the patch builds on, where it is known: what differs between the two and lies where
    ///   patches reach must be brought.
    /// - Throws: `PatchProblem` naming the file that differs.
    public func checkClaims(after before: PatchPoint?) throws(PatchProblem) {
        guard let point = try? PatchPoint(signature: nextSignature), point.hash == nextHash else {
            throw PatchProblem("next_hash: it does not follow from next_signature.content_hashes_by_path")
        }
        let config = Self.members(try Self.json(ofConfig: nextConfig))
        for case .config(let operationClaims) in operations {
            for claim in operationClaims {
                if let problem = claim.problem(in: config, lines: nextRequirements) {
                    throw PatchProblem(problem)
                }
            }
        }
        var last: [String: ArchiveChange] = [:]
        for change in fileChanges(config) { last[Self.plain(change.path)] = change }
        if changesConfig {
            last["config.yaml"] = ArchiveChange(path: "config.yaml", content: Data(nextConfig.utf8))
        }
        for (path, change) in last.sorted(by: { $0.key < $1.key }) {
            let claim = claims[path] ?? nil
            if let content = change.content {
                guard claim != nil, original(of: content, at: path) != nil else {
                    throw PatchProblem("\(path): its content has another digest than the patch claims")
                }
            } else if claim != nil {
                throw PatchProblem("\(path): it is removed, and claimed to be there")
            }
        }
        if let before { try checkUntouched(before, point, brought: Set(last.keys), config) }
    }

    /// The client leaves out what it cannot patch; of the model's code, its packages and its data nothing may be left out.
    private func checkUntouched(
        _ before: PatchPoint, _ next: PatchPoint, brought: Set<String>, _ config: [String: Any]
    ) throws(PatchProblem) {
        let reached = [
            config["model_module_dir"] as? String ?? "model",
            config["bundled_packages_dir"] as? String ?? "packages", config["data_dir"] as? String ?? "data",
        ].map { Self.plain($0) + "/" }
        let paths = Set(before.contentHashes.keys).union(next.contentHashes.keys).subtracting(brought)
        for path in paths.sorted() where reached.contains(where: path.hasPrefix) {
            // Compiled code is never brought.
            guard (before.contentHashes[path] ?? nil) != (next.contentHashes[path] ?? nil),
                !path.split(separator: "/").contains("__pycache__")
            else { continue }
            throw PatchProblem(
                "\(path): it is claimed to have changed, and no operation changes it", needsFullDeploy: true)
        }
    }

    /// Whether it says that the config changes: what else changes leaves it as it is.
    public var changesConfig: Bool {
        operations.contains { if case .config = $0 { true } else { false } }
    }

    /// The bytes of a file as they were when the client hashed it; nil when they are others. The client reads texts with
    /// one kind of line end.
    private func original(of content: Data, at path: String) -> Data? {
        guard let claim = claims[Self.plain(path)] ?? nil else { return nil }
        if Self.digest(of: content) == claim.lowercased() { return content }
        guard let text = String(data: content, encoding: .utf8) else { return nil }
        let windows = Data(text.replacing("\n", with: "\r\n").utf8)
        return Self.digest(of: windows) == claim.lowercased() ? windows : nil
    }

    private static func digest(of data: Data) -> String {
        BLAKE3.hash(data).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// The files that operations change, as they are in the archive.
    private func fileChanges(_ config: [String: Any]) -> [ArchiveChange] {
        let model = config["model_module_dir"] as? String ?? "model"
        let packages = config["bundled_packages_dir"] as? String ?? "packages"
        return operations.compactMap { operation -> ArchiveChange? in
            switch operation {
            case .modelCode(let path, let content): change("\(model)/\(path)", content)
            case .package(let path, let content): change("\(packages)/\(path)", content)
            case .config, .unpatchable: nil
            }
        }
    }

    private func change(_ path: String, _ content: Data?) -> ArchiveChange {
        ArchiveChange(path: path, content: content.map { original(of: $0, at: path) ?? $0 })
    }

    /// A path as the client's description writes it.
    private static func plain(_ path: String) -> String {
        path.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
    }

    private static func json(ofConfig yaml: String) throws(PatchProblem) -> String {
        do {
            return try TrussConfig.membersJSON(yaml: yaml)
        } catch {
            throw PatchProblem("config.yaml: \(error)")
        }
    }

    private static func members(_ json: String) -> [String: Any] {
        (try? JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]) ?? [:]
    }

    /// Compares decoded values by their JSON: booleans and containers of Foundation have no comparison that works for
    /// all of them.
    private static func equal(_ left: Any?, _ right: Any?) -> Bool {
        func text(_ value: Any?) -> Data? {
            try? JSONSerialization.data(withJSONObject: [value ?? NSNull()], options: .sortedKeys)
        }
        return (left == nil) == (right == nil) && text(left) == text(right)
    }
}
