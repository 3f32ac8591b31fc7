// `slipway restore FILE`: brings a backup back, on this machine or another, while no server uses the directory.

import ArgumentParser
import Foundation

struct Restore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Bring a backup back into a data directory that no server uses.",
        discussion: """
            Everything in the file is checked before anything is changed. Images that are not on this machine are \
            built again from the archives when their deployments are to run.
            """)

    @Argument(help: "File that `slipway backup` wrote.") var file: String
    @Option(help: "Data directory of the server.") var dataDir = Settings.defaultDataDirectory
    @Flag(help: "Take the place of what is there; the old database is kept beside.") var replace = false

    func run() async throws {
        let data = try DataDirectory(DataDirectory.absolute(dataDir))
        guard let lock = try data.lock() else {
            throw BackupError(
                description:
                    "A server runs on \(data.root). Stop it first, or restore into another directory with --data-dir."
            )
        }
        defer { withExtendedLifetime(lock) {} }
        let restoration = Restoration(root: data.root)
        guard replace || Restoration.isHalfDone(data.root) || restoration.existing.isEmpty else {
            throw BackupError(
                description:
                    "\(data.root) holds the data of a server (\(restoration.existing.joined(separator: ", "))). To take its place, say --replace."
            )
        }
        try restoration.clear()
        let manifest: BackupManifest
        do {
            manifest = try BackupReader(file: file).unpack(into: restoration.staging)
        } catch {
            try? restoration.clear()
            throw error
        }
        let now = Date().formatted(.iso8601.timeSeparator(.omitted).dateSeparator(.omitted))
        let kept = try restoration.carryOut(suffix: "damaged-\(now)")
        print(
            "Restored \(manifest.models) models and \(manifest.deployments) deployments as of \(manifest.createdAt) into \(data.root)."
        )
        for name in kept { print("The old \(name) was kept.") }
        for key in manifest.missingArchives { print("Its archive \(key) was gone when it was made.") }
    }
}
