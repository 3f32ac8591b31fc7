// Keeps archives while they are copied: a second name in a directory of ours, so that a deletion beside does not take
// them away.

import Foundation
import SlipwayBlobs

struct ArchiveHold {
    struct Held {
        /// Where it can be read.
        var path: String
        /// Below the data directory.
        var name: String
    }

    /// Followed by a UUID; nothing else in the directory of the server has such a name.
    private static let prefix = ".archive-hold-"
    /// What is older was left by a backup that was killed. Seconds.
    private static let abandonedAfter: TimeInterval = 86_400

    private let root: String
    private let directory: String
    private let blobs: BlobDirectory

    init(root: String) throws {
        self.root = root
        blobs = try BlobDirectory(root: root + "/blobs", maximumObjectBytes: .max)
        Self.clear(root)
        directory = "\(root)/\(Self.prefix)\(UUID().uuidString)"
        // On a full or read-only disk the backup is still worth making: without the second names.
        mkdir(directory, 0o700)
    }

    /// - Returns: the archives, and the keys that have none.
    func hold(_ keys: [String]) throws -> ([Held], missing: [String]) {
        var held: [Held] = []
        var missing: [String] = []
        for (number, key) in keys.enumerated() {
            guard let path = try blobs.path(forKey: key) else {
                missing.append(key)
                continue
            }
            let name = "\(directory)/\(number)"
            unlink(name)
            let isHeld = link(path, name) == 0
            if !isHeld, errno == ENOENT, access(directory, F_OK) == 0 {
                missing.append(key)
                continue
            }
            held.append(Held(path: isHeld ? name : path, name: String(path.dropFirst(root.count + 1))))
        }
        return (held, missing)
    }

    func release() { try? FileManager.default.removeItem(atPath: directory) }

    private static func clear(_ root: String) {
        let files = FileManager.default
        for name in (try? files.contentsOfDirectory(atPath: root)) ?? [] where isOurs(name) {
            guard let found = try? files.attributesOfItem(atPath: "\(root)/\(name)"),
                found[.type] as? FileAttributeType == .typeDirectory,
                let made = found[.modificationDate] as? Date, made.timeIntervalSinceNow < -abandonedAfter
            else { continue }
            try? files.removeItem(atPath: "\(root)/\(name)")
        }
    }

    private static func isOurs(_ name: String) -> Bool {
        name.hasPrefix(prefix) && UUID(uuidString: String(name.dropFirst(prefix.count))) != nil
    }
}
