// The file that tells a replica which environment it serves: /etc/b10_dynamic_config/environment in its root.

import Foundation

struct EnvironmentFile {
    private let path: String

    /// - Parameter unit: the directory of the replica.
    init(unit: String) { path = unit + "/dynamic/environment" }

    /// Written only when it changes, in one step: the model server watches its time and may read at any moment.
    /// - Parameter name: nil removes the file.
    func write(_ name: String?) throws {
        guard let name else {
            unlink(path)
            return
        }
        let data = try JSONSerialization.data(withJSONObject: ["name": name])
        guard FileManager.default.contents(atPath: path) != data else { return }
        unlink(path + ".new")
        try NewFile.write(Array(data), to: path + ".new", mode: 0o444)
        guard rename(path + ".new", path) == 0 else { throw SpawnError(path, code: errno) }
    }
}
