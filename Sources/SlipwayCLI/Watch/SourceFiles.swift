// The files of a Truss on disk with their digests; a file is read again only when it changed.

import Foundation
import SlipwayBLAKE3
import SlipwayTruss

struct SourceFiles {
    /// What tells that a file may have changed, without reading it.
    struct Stamp: Equatable {
        var seconds: Int
        var nanoseconds: Int
        var size: Int64
        var inode: UInt64
    }

    private struct Known {
        var stamp: Stamp
        var digest: String
    }

    let directory: String
    private var known: [String: Known] = [:]

    init(directory: String) { self.directory = directory }

    /// The stamps of all files that would be packed, and of `config.yaml`.
    func stamps(_ source: TrussSource) -> [String: Stamp] {
        var stamps: [String: Stamp] = [:]
        for file in source.files where file.link == nil {
            stamps[file.name] = Self.stamp(path(of: file))
        }
        return stamps
    }

    /// Digests by path. Links are left out: only a push brings them.
    mutating func digests(_ source: TrussSource) throws -> [String: String] {
        let stamps = stamps(source)
        var digests: [String: String] = [:]
        for file in source.files {
            // Gone since the directory was read: the next round sees that.
            guard let stamp = stamps[file.name] else { continue }
            if let known = known[file.name], known.stamp == stamp {
                digests[file.name] = known.digest
                continue
            }
            let digest = Self.digest(of: try content(of: file, source))
            known[file.name] = Known(stamp: stamp, digest: digest)
            digests[file.name] = digest
        }
        return digests
    }

    func content(of file: PackedFile, _ source: TrussSource) throws -> Data {
        // The config is packed as the source has it.
        guard let path = file.path else { return Data(source.config.utf8) }
        do {
            return try Data(contentsOf: URL(fileURLWithPath: path))
        } catch {
            throw CommandFailure("\(path) cannot be read.")
        }
    }

    private func path(of file: PackedFile) -> String { file.path ?? directory + "/" + file.name }

    private static func stamp(_ path: String) -> Stamp? {
        var info = stat()
        guard stat(path, &info) == 0 else { return nil }
        return Stamp(
            seconds: info.st_mtim.tv_sec, nanoseconds: info.st_mtim.tv_nsec, size: Int64(info.st_size),
            inode: UInt64(info.st_ino))
    }

    static func digest(of data: Data) -> String {
        BLAKE3.hash(data).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
