// A state of a source tree: what every file contains, in digests, and the one digest that names it all.

import Foundation
import SlipwayBLAKE3

public struct PatchPoint: Sendable, Equatable {
    /// By path relative to the root: the hex digest of a file's bytes, nil for a directory.
    public var contentHashes: [String: String?]
    /// `config.yaml` as it is.
    public var config: String
    /// Lines of the requirements file, where the config names one.
    public var requirements: [String]

    /// - Throws: `PatchProblem` naming the entry whose digest is none.
    public init(
        contentHashes: [String: String?], config: String, requirements: [String]
    ) throws(PatchProblem) {
        self.contentHashes = contentHashes
        self.config = config
        self.requirements = requirements
        for (path, digest) in contentHashes {
            guard let digest else { continue }
            guard Self.bytes(ofHex: digest)?.count == 32 else {
                throw PatchProblem("content_hashes[\"\(path.prefix(200))\"]: expected 64 hex digits or null")
            }
        }
    }

    /// From the client's own description of a state, as it is stored.
    /// - Throws: `PatchProblem` when it is none.
    public init(signature: String) throws(PatchProblem) {
        guard let root = try? JSONSerialization.jsonObject(with: Data(signature.utf8)) as? [String: Any],
            let hashes = root["content_hashes_by_path"] as? [String: Any],
            let config = root["config"] as? String
        else { throw PatchProblem("The stored signature cannot be read.") }
        try self.init(
            contentHashes: hashes.mapValues { $0 as? String }, config: config,
            requirements: root["requirements_file_requirements"] as? [String] ?? [])
    }

    /// Members of the signature in the client's own form.
    public var signature: [String: Any] {
        [
            "content_hashes_by_path": contentHashes.mapValues { $0 as Any? ?? NSNull() }, "config": config,
            "requirements_file_requirements": requirements,
        ]
    }

    /// Names the state: the hash of every path's hash and, for files, their digest, paths in the order of their
    /// components (`DeploymentPatchPointWithHashV1.hash` of the contract).
    public var hash: String {
        var hasher = BLAKE3()
        let paths = contentHashes.keys.map { ($0, $0.split(separator: "/").map { Array($0.utf8) }) }
            .sorted { left, right in
                left.1.lexicographicallyPrecedes(right.1) { $0.lexicographicallyPrecedes($1) }
            }
        for (path, _) in paths {
            hasher.update(BLAKE3.hash(path.utf8))
            if let digest = contentHashes[path] ?? nil, let bytes = Self.bytes(ofHex: digest) {
                hasher.update(bytes)
            }
        }
        return hasher.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static func bytes(ofHex text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        for position in stride(from: 0, to: digits.count, by: 2) {
            guard
                let byte = UInt8(String(decoding: digits[position..<position + 2], as: UTF8.self), radix: 16)
            else { return nil }
            bytes.append(byte)
        }
        return bytes
    }
}
