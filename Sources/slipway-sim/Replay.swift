// Recorded worlds: each keeps its promises now, and breaks the one it was found by when its bug is planted again.

import ArgumentParser
import Foundation
import SlipwayCore
import SlipwaySimulation

struct Replay {
    var path: String
    /// Prints whole traces.
    var isLoud: Bool

    func run() throws {
        let files = try self.files()
        guard !files.isEmpty else { throw ValidationError("There is no recorded world at \(path).") }
        for file in files {
            let record = try WorldRecord(text: String(contentsOfFile: file, encoding: .utf8))
            let name = (file as NSString).lastPathComponent
            let result = try Simulation.replay(record, isLoud: isLoud)
            if let violation = result.violation {
                for line in result.trace.suffix(120) { print(line) }
                print("\(name): \(violation)")
                throw ExitCode.failure
            }
            try breakAgain(record, name)
        }
        print("figure sim_recorded_worlds \(files.count) worlds")
    }

    private func files() throws -> [String] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
            return [path]
        }
        return try FileManager.default.contentsOfDirectory(atPath: path)
            .filter { $0.hasSuffix(".world") }.sorted().map { "\(path)/\($0)" }
    }

    /// A world whose bug shows no more has become a world like any other: it is to be found anew.
    private func breakAgain(_ record: WorldRecord, _ name: String) throws {
        #if PLANTED_BUGS
            guard let bugName = record.bug else { return print("kept: \(name)") }
            guard let bug = PlantedBug(rawValue: bugName) else {
                throw ValidationError("\(name) names a bug that cannot be planted: \(bugName)")
            }
            PlantedBug.plant(bug)
            defer { PlantedBug.plant(nil) }
            let result = try Simulation.replay(record)
            guard result.broken == record.promise else {
                print(
                    "\(name): with the bug \(bugName) it breaks \(result.broken?.rawValue ?? "nothing"), not "
                        + "\(record.promise?.rawValue ?? "nothing")")
                throw ExitCode.failure
            }
            print("kept, and broken with \(bugName): \(name)")
        #else
            print("kept: \(name)")
        #endif
    }
}
