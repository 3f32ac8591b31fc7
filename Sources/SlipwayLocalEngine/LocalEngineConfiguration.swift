// Settings of the local engine; the composition root makes one.

import Foundation
import SlipwayCore
import SlipwaySockets
import SlipwayTruss

public struct LocalEngineConfiguration: Sendable {
    /// What to do when the machine does not have the Python a config asks for.
    public enum PythonPolicy: Sendable {
        /// Take the nearest newer one and say so in the build log.
        case nearestNewer
        /// Fail the build.
        case exact
    }

    /// The server's data directory; the engine keeps everything below `engine/` in it.
    public var dataDirectory: String
    public var pythonPolicy = PythonPolicy.nearestNewer
    /// A ready Python environment with `uv` and `truss`; nil to make one.
    public var toolsDirectory: String?
    /// User and group of replicas; used only when the server runs as root. The platform's documented uid.
    public var replicaUser: UInt32 = 60000
    /// User and group of the planner and of installations; as above. Not the replicas', so that neither can touch what
    /// the other owns.
    public var buildUser: UInt32 = 60001
    /// Bytes of the disk that one replica may take; nil for a quarter of the file system.
    public var replicaDisk: Int64?
    /// The same of one build.
    public var buildDisk: Int64?
    /// What replicas reach unless their deployment is stricter.
    public var egress = Egress.open
    /// Serves inference on a listening socket, which is the callee's, until what it returns is called. With it, replicas
    /// that have a way out reach the inference API.
    public var serveInference: (@Sendable (BoundSocket) -> @Sendable () -> Void)?
    /// Files that only the server's user may read, which replicas are outside of a user namespace: the key of TLS.
    public var privateFiles: [String] = []
    /// False runs replicas as plain processes of the server's user on this machine's network, also where they could be
    /// kept apart. Where they cannot and this is true, none is started.
    public var usesNamespaces = true

    /// The time that log lines and starts of replicas carry.
    public var now: @Sendable () -> Timestamp = {
        Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1e6))
    }

    public init(dataDirectory: String) { self.dataDirectory = dataDirectory }

    /// Version of the upstream package that plans builds and whose server runs models.
    static let trussVersion = "0.18.35"
    static let uvVersion = "0.10.0"

    var root: String { dataDirectory + "/engine" }
    /// Commands of builds that run now.
    var register: ProcessRegister { ProcessRegister(path: root + "/processes") }

    /// What replicas must not see, as the paths are without links: the data directory, a home among the programs, and
    /// private files.
    var hidden: [String] {
        // The user's own, and the one that the server was given.
        let homes = [
            FileManager.default.homeDirectoryForCurrentUser.path,
            ProcessInfo.processInfo.environment["HOME"] ?? "",
        ]
        let paths = [dataDirectory] + homes.filter { $0.hasPrefix("/opt/") } + privateFiles
        return Set(paths.map { URL(fileURLWithPath: $0).resolvingSymlinksInPath().path }).sorted().filter(
            FileManager.default.fileExists(atPath:))
    }

    /// Begins the names of control groups of builds; other servers of this machine have other ones.
    var buildGroupPrefix: String {
        var hash = ContentHash()
        hash.add(root)
        return "build-\(hash.name().prefix(12))-"
    }

    var replicaDiskLimit: DiskLimit { replicaDisk.map { DiskLimit(bytes: $0) } ?? .share(of: root) }
    var buildDiskLimit: DiskLimit { buildDisk.map { DiskLimit(bytes: $0) } ?? .share(of: root) }

    var runsAsRoot: Bool { geteuid() == 0 }
}
