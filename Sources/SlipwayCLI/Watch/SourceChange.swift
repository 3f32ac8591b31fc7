// How the files on disk differ from those that run, and whether a patch can bring that.

import SlipwayAPI
import SlipwayTruss
import Yams

enum SourceChange: Equatable {
    case nothing
    /// Paths of model code and packages that differ.
    case patch([String])
    /// Something else differs, which only a push can bring.
    case push(because: String)

    /// - Parameters:
    ///   - digests: by path, of the files on disk.
    ///   - hashes: the `content_hashes` of what runs.
    ///   - directories: where code lies that a patch can bring.
    static func between(
        _ digests: [String: String], and hashes: JSONValue, links: Set<String>, directories: CodeDirectories
    ) -> SourceChange {
        guard case .object(let running) = hashes else {
            return .push(because: "nothing is known of what runs")
        }
        let files = running.compactMapValues(\.string)
        let paths = Set(digests.keys).union(files.keys).subtracting(links)
            .filter { !$0.split(separator: "/").contains("__pycache__") && digests[$0] != files[$0] }.sorted()
        if let other = paths.first(where: { directories.kind(of: $0) == nil }) {
            return .push(because: "\(other) changed")
        }
        return paths.isEmpty ? .nothing : .patch(paths)
    }
}

/// Where a Truss keeps the code that a patch can bring.
struct CodeDirectories: Equatable {
    var model = "model"
    var packages = "packages"

    init(config: String = "") {
        let keys = (try? Yams.load(yaml: config)) as? [String: Any]
        model = keys?["model_module_dir"] as? String ?? model
        packages = keys?["bundled_packages_dir"] as? String ?? packages
    }

    /// The kind of patch operation for a path, and the path within its directory; nil where there is none.
    func kind(of path: String) -> (kind: String, path: String)? {
        for (kind, directory) in [("model_code", model), ("package", packages)]
        where path.hasPrefix(directory + "/") {
            return (kind, String(path.dropFirst(directory.count + 1)))
        }
        return nil
    }
}
