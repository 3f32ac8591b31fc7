// What builds of a killed server left half-made: everything is made aside or marked when it is complete, so whatever is
// neither can go. Called before any build begins.

import Foundation

struct BuildLeftovers: Sendable {
    /// Of the engine.
    let root: String
    let trash: Trash

    init(root: String) {
        self.root = root
        trash = Trash(root: root)
    }

    /// - Throws: when the work directory cannot be made again.
    func remove() throws {
        let files = FileManager.default
        trash.take(root + "/work")
        try files.createDirectory(atPath: root + "/work", withIntermediateDirectories: true)
        for name in entries("")
        where name.hasPrefix("probe-") || name.hasPrefix(".dat") || name.contains(".sb-") {
            trash.take("\(root)/\(name)")
        }
        // An image gets the name without a suffix when it is whole.
        for name in entries("/images") where name.contains(".") {
            trash.take("\(root)/images/\(name)")
        }
        for name in entries("/downloads") where name.hasSuffix(".part") {
            unlink("\(root)/downloads/\(name)")
        }
        trash.take(root + "/planner")
        // Of earlier versions: a cache that packages could write to.
        trash.take(root + "/uv-cache")
        let images = ImageDirectory.environments(root: root)
        for name in entries("/environments") {
            let path = "\(root)/environments/\(name)"
            let isMarker = name.hasSuffix(".complete")
            if isMarker, files.fileExists(atPath: String(path.dropLast(".complete".count))) { continue }
            // Earlier versions marked them inside: images need them as long as they are there.
            if !isMarker, EnvironmentCache.isComplete(path) || images?.contains(path) ?? true { continue }
            trash.take(path)
        }
    }

    private func entries(_ directory: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: root + directory)) ?? []
    }
}
