// A live patch as the official client sends it: what changed in a Truss between two states, and how much of that can
// be carried into a development deployment without a new push.

import Foundation

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
    /// The client asks to change the running model in place: only code changes, and each operation says so.
    public var isHotReload: Bool

    public enum Operation: Sendable, Equatable {
        /// A file below the directory of the model's code.
        case modelCode(path: String, content: Data?)
        /// A file below the directory of bundled packages.
        case package(path: String, content: Data?)
        /// The next config says it all: environment variables, requirements, the config itself.
        case config
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
        case "config", "environment_variable", "python_requirement": return .config
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
        let new: [String: Any]
        do {
            new = Self.members(try TrussConfig.membersJSON(yaml: nextConfig))
        } catch {
            throw PatchProblem("config.yaml: \(error)")
        }
        for name in Self.fixedMembers where !Self.equal(old[name], new[name]) {
            throw PatchProblem("A change of \(name) needs a new push.", needsFullDeploy: true)
        }
        let model = new["model_module_dir"] as? String ?? "model"
        let packages = new["bundled_packages_dir"] as? String ?? "packages"
        var changes = operations.compactMap { operation -> ArchiveChange? in
            switch operation {
            case .modelCode(let path, let content): ArchiveChange(path: "\(model)/\(path)", content: content)
            case .package(let path, let content): ArchiveChange(path: "\(packages)/\(path)", content: content)
            case .config, .unpatchable: nil
            }
        }
        if operations.contains(.config) {
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

    private static func members(_ json: String) -> [String: Any] {
        (try? JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]) ?? [:]
    }

    private static func equal(_ left: Any?, _ right: Any?) -> Bool {
        switch (left, right) {
        case (nil, nil): true
        case (let left?, let right?): (left as? NSObject)?.isEqual(right) ?? false
        default: false
        }
    }
}
