// What is kept of a built image, beside its file tree.

import Foundation
import SlipwayCore
import SlipwayEngine
import SlipwayTruss

struct ImageRecord: Codable, Sendable {
    var image: BuiltImage
    /// The command replicas run, as words.
    var command: [String]
    var environment: [String: String]
    var workingDirectory: String
    /// Directory of the Python environment; nil for a server that needs none.
    var pythonEnvironment: String?
    /// Whether the image has changes of its own to the environment, which others share.
    var changesEnvironment: Bool?
    /// Directory of the interpreter behind it.
    var interpreterPrefix: String?
    var readinessPath: String
    /// Set for `docker_server`: the port is the user's and cannot be chosen.
    var fixedPort: Int?
    /// What its replicas may reach; nil when the config says nothing.
    var egress: Egress?
    /// The only addresses they may reach then; nil without a restriction.
    var allowedAddresses: [AddressRange]?
    /// When its replicas count as unhealthy, and are restarted; nil for images of versions that knew none.
    var healthChecks: HealthChecks?
    /// Where it is asked whether it lives; nil asks for its readiness only.
    var livenessPath: String?
    /// The user its replicas run as; nil for the platform's.
    var user: UInt32?
}

/// Paths of one image.
struct ImageDirectory: Sendable {
    let path: String

    init(root: String, id: ImageID) {
        // Ids come back from the store; only what this engine makes names a directory.
        path = root + "/images/" + id.text.filter { $0.isASCII && ($0.isLetter || $0.isNumber) }
    }

    /// The tree replicas see: each entry is bound at `/` under its own name.
    var tree: String { path + "/tree" }
    /// What build commands have changed of the Python environment.
    var environmentChanges: String { path + "/environment" }
    var recordPath: String { path + "/image.json" }

    /// The Python environments that images need; nil when an image cannot be read now.
    static func environments(root: String) -> Set<String>? {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: root + "/images") else {
            return nil
        }
        var found: Set<String> = []
        for name in names where !name.contains(".") {
            do {
                guard let record = try ImageDirectory(root: root, id: ImageID(name)).record() else {
                    continue
                }
                if let environment = record.pythonEnvironment { found.insert(environment) }
            } catch {
                return nil
            }
        }
        return found
    }

    /// - Returns: nil when there is none, or none that makes sense: then the image is as good as gone.
    /// - Throws: `UnreadableImage` when it cannot be read now, which can pass.
    func record() throws -> ImageRecord? {
        let file = open(recordPath, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw UnreadableImage(description: "\(recordPath): \(String(cString: strerror(errno)))")
        }
        let data: Data
        do {
            data = try FileHandle(fileDescriptor: file, closeOnDealloc: true).readToEnd() ?? Data()
        } catch {
            throw UnreadableImage(description: "\(recordPath): \(error.localizedDescription)")
        }
        return try? JSONDecoder().decode(ImageRecord.self, from: data)
    }
}

/// An image is there, or may be, but cannot be read now.
struct UnreadableImage: Error, CustomStringConvertible {
    var description: String
}
