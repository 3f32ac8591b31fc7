// A patch of a development deployment, made of the files that differ.

import Foundation
import SlipwayAPI
import SlipwayTruss

struct LivePatch {
    let source: TrussSource
    let files: SourceFiles
    let digests: [String: String]
    let hotReload: Bool

    /// The body that stages it on a point of the server.
    func body(paths: [String], on point: JSONValue, _ directories: CodeDirectories) throws -> JSONValue {
        let known = point["content_hashes"]
        var hashes: [String: JSONValue] = if case .object(let members) = known { members } else { [:] }
        var operations: [JSONValue] = []
        for path in paths {
            guard let (kind, inner) = directories.kind(of: path) else { continue }
            let existed = known[path].string != nil
            hashes[path] = digests[path].map { .string($0) }
            for parent in Self.parents(of: path) where digests[path] != nil { hashes[parent] = .null }
            var operation: JSONValue = ["type": .string(kind), "path": .string(inner)]
            if let file = source.files.first(where: { $0.name == path }), digests[path] != nil {
                let content = try files.content(of: file, source).base64EncodedString()
                operation = operation.replacing("content_bytes", with: .string(content))
                operation = operation.replacing("action", with: existed ? "UPDATE" : "ADD")
            } else {
                operation = operation.replacing("action", with: "REMOVE")
            }
            if kind == "model_code" { operation = operation.replacing("hot_reload", with: .bool(hotReload)) }
            operations.append(operation)
        }
        let next = point.replacing("content_hashes", with: .object(hashes)).removing("hash")
        return [
            "prev_patch_hash": point["hash"], "next_patch_point": next, "patch_ops": .array(operations),
        ]
    }

    private static func parents(of path: String) -> [String] {
        let parts = path.split(separator: "/").dropLast()
        return parts.indices.map { parts[...$0].joined(separator: "/") }
    }
}
