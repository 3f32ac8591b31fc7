// What a backup says of itself: its last entry.

import Foundation

struct BackupManifest: Codable, Equatable {
    struct Entry: Codable, Equatable {
        /// As in the archive, and below the data directory.
        var path: String
        var size: Int64
        /// Lower-case hex.
        var sha256: String
    }

    static let name = "manifest.json"
    /// Of what this version writes and reads.
    static let currentFormat = 1
    /// Manifests over this, in bytes, are none.
    static let largest: Int64 = 64 << 20

    var format = Self.currentFormat
    var serverVersion: String
    /// ISO 8601.
    var createdAt: String
    var models: Int
    var deployments: Int
    var entries: [Entry]
    /// Keys of archives that the database names and that were gone.
    var missingArchives: [String]

    func encoded() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return try encoder.encode(self)
    }
}

/// Why a backup cannot be made or brought back, in words.
struct BackupError: Error, CustomStringConvertible {
    var description: String
}
