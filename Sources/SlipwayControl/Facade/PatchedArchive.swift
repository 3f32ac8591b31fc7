// The archive of a development deployment with the patches that are staged for it.

import Foundation
import SlipwayCore
import SlipwayEngine
import SlipwayStore
import SlipwayTruss

struct PatchedArchive: Sendable {
    /// Of the new archive.
    var key: String
    /// Its SHA-256, hex; nil where archives are not kept.
    var digest: String?
    /// Of its config.
    var text: String
    /// The newest patch in it.
    var last: StagedPatch
    /// Files of the running server that differ.
    var files: [SourceFile]
    /// The client asks to change the running model in place.
    var isHotReload: Bool

    /// Copies the archive: blocks.
    /// - Parameters:
    ///   - archive: where that of the deployment lies, checked.
    ///   - staged: oldest first, at least one.
    /// - Throws: `PatchProblem`.
    init(
        of deployment: Deployment, at archive: String, _ staged: [StagedPatch],
        _ dependencies: ControlDependencies
    ) throws {
        guard let last = staged.last else { throw PatchProblem("There is no patch.") }
        // As our own reader reads both: what the official one adds would differ without being changed.
        var config = try Self.config(of: archive)
        var changes: [ArchiveChange] = []
        isHotReload = true
        for patch in staged {
            let patch = try TrussPatch(json: patch.body)
            changes += try patch.changes(from: config)
            config = try TrussConfig.membersJSON(yaml: patch.nextConfig)
            if !patch.isHotReload { isHotReload = false }
        }
        let target = "\(dependencies.workDirectory)/patched-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: target) }
        try ArchiveEditor.apply(changes, to: archive, writing: target)
        guard let text = try TrussArchive.readConfig(archive: target) else {
            throw PatchProblem("The patched archive has no config.yaml.")
        }
        self.text = text
        self.last = last
        files = changes.map { SourceFile(path: "/app/" + $0.path, content: $0.content) }
        key = try dependencies.storeArchive(target)
        digest = try dependencies.freezeArchive?(key)
    }
    /// The config of an archive, decoded, as JSON text.
    static func config(of archive: String) throws -> String {
        guard let text = try TrussArchive.readConfig(archive: archive) else {
            throw PatchProblem("The archive has no config.yaml.")
        }
        do {
            return try TrussConfig.membersJSON(yaml: text)
        } catch {
            throw PatchProblem("config.yaml: \(error)")
        }
    }
}
