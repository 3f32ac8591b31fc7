// `slipway backup FILE`: everything a server cannot make again, in one file. Works beside a running server.

import ArgumentParser
import SlipwayCLI

struct Backup: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write everything that cannot be made again to one file, also while a server runs.",
        discussion: """
            The file holds the database as of one moment, the archives of all deployments, and the keys of the \
            server: keep it as you keep those. It does not hold images and environments, which are built again \
            from the archives, nor logs.
            """)

    @Argument(help: "File to write; one that exists is replaced when the new one is whole.") var file: String
    @Option(help: "Data directory of the server.") var dataDir = Settings.defaultDataDirectory

    func run() throws {
        let begin = ContinuousClock.now
        let (manifest, bytes) = try BackupWriter(root: DataDirectory.absolute(dataDir), destination: file)
            .write()
        for key in manifest.missingArchives {
            tell("warning: archive \(key) is gone; what needs it cannot be built again.")
        }
        let seconds = (begin.duration(to: .now) / .milliseconds(1)).rounded() / 1000
        print(
            "\(file): \(manifest.models) models, \(manifest.deployments) deployments, \(bytes) bytes in \(seconds) s"
        )
    }
}
