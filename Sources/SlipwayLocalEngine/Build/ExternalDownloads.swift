// Fetches `external_data` while an image is built: over https, within the limit of the build's disk, in the sandbox. What
// was fetched is kept by its content, so that a file with a known sum is fetched once.

import Foundation
import SlipwayCore
import SlipwayEngine
import SlipwayTruss

struct ExternalDownloads: Sendable {
    let configuration: LocalEngineConfiguration
    let sandbox: Sandbox
    let environment: MadeEnvironment
    let say: @Sendable (LogLevel, String) -> Void

    /// The longest time one file may take.
    private static let timeout: Duration = .seconds(3600)

    private var cache: String { configuration.root + "/downloads" }

    /// Puts every file where the model server finds its data.
    /// - Parameter work: a directory of this build, which is made.
    /// - Throws: `BuildFailure` with the address, without what may be a signature in it.
    func place(_ files: [ExternalFile], in tree: String, work: String) async throws {
        if files.isEmpty { return }
        try await emptyLargeCache()
        try FileManager.default.createDirectory(
            atPath: cache, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        for file in files {
            let content = try await content(of: file, work: work)
            try await Blocking.run {
                // Without a sum in the config, the same address may mean something else the next time.
                defer { if file.sha256 == nil { unlink("\(cache)/\(content)") } }
                try TreeCopy(root: cache, tree: tree).place(content, at: "/app/data/" + file.path)
            }
        }
        Trash(root: configuration.root).discard(work)
    }

    /// A larger cache is emptied: what is needed is fetched again.
    private static let maxCache: Int64 = 50 << 30

    private func emptyLargeCache() async throws {
        let isLarge = try await Blocking.run { [cache] in
            var usage = DiskUsage(limit: DiskLimit(bytes: Self.maxCache, files: Int.max))
            usage.add(directory: cache)
            return usage.problem != nil
        }
        if isLarge { Trash(root: configuration.root).take(cache) }
    }

    /// The name of the content in the cache.
    private func content(of file: ExternalFile, work: String) async throws -> String {
        if let sum = file.sha256, FileManager.default.fileExists(atPath: "\(cache)/\(sum)") {
            say(.info, "Using the kept content of \(file.publicURL).")
            return sum
        }
        say(.info, "Fetching \(file.publicURL).")
        let unit = "\(work)/\(UUID().uuidString)"
        let input = View(source: unit + "/in", target: "/build/in", access: .readOnly)
        let output = View(source: unit + "/out", target: "/build/out", access: .writable)
        for view in [input, output] {
            try FileManager.default.createDirectory(atPath: view.source, withIntermediateDirectories: true)
            chmod(view.source, 0o755)
        }
        if sandbox.isolation.mode == .root {
            lchown(output.source, configuration.buildUser, configuration.buildUser)
        }
        // The address may hold a signature: no argument of a process.
        try NewFile.write(Array(file.url.utf8), to: input.source + "/url", mode: 0o444)
        try NewFile.write(Array(Self.script.utf8), to: input.source + "/fetch.py", mode: 0o444)
        let limit = configuration.buildDiskLimit
        let mode = sandbox.isolation.mode
        let launch = Launch(
            isolation: sandbox.isolation, egress: sandbox.egress(.open), unit: unit + "/step", tree: nil,
            writesToTree: false,
            command: [
                environment.interpreter.executable, "-I", input.path(mode) + "/fetch.py",
                input.path(mode) + "/url", output.path(mode) + "/file", "\(limit.bytes)",
            ],
            environment: Command.buildEnvironment(), workingDirectory: "/", pythonEnvironment: nil,
            interpreterPrefix: environment.interpreter.prefix, user: configuration.buildUser, cgroups: [],
            hidden: configuration.hidden, views: [input, output] + Command.settingsFiles())
        let result = try await sandbox.run(
            launch, limits: .build(disk: limit, time: Self.timeout), watched: [output.source]
        ) { _ in }
        guard result.code == 0, let sum = result.tail.last, sum.utf8.count == 64,
            sum.allSatisfy(\.isHexDigit)
        else {
            throw BuildFailure(
                reason:
                    "external_data: \(file.publicURL) cannot be fetched: \(result.force)\(result.tail.last ?? "")"
            )
        }
        return try await keep(output.source + "/file", of: file)
    }

    /// What the sandbox left is looked at here: the sum it says is not taken on trust.
    private func keep(_ path: String, of file: ExternalFile) async throws -> String {
        try await Blocking.run {
            var status = stat()
            guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_nlink == 1 else {
                throw BuildFailure(reason: "external_data: \(file.publicURL) left no file.")
            }
            let copy = "\(cache)/\(UUID().uuidString).part"
            defer { unlink(copy) }
            try TreeCopy(root: (path as NSString).deletingLastPathComponent, tree: cache).place(
                "file", at: "/" + (copy as NSString).lastPathComponent)
            let sum = try ContentHash.sha256(ofFile: copy)
            if let wanted = file.sha256, wanted != sum {
                throw BuildFailure(
                    reason:
                        "external_data: \(file.publicURL) has the SHA-256 \(sum), not \(wanted) as the config says."
                )
            }
            let name = file.sha256 == nil ? "\(UUID().uuidString).part" : sum
            guard rename(copy, "\(cache)/\(name)") == 0 else { throw SpawnError("A download", code: errno) }
            return name
        }
    }

    /// Copies one address to a file, over https to its end, and prints the SHA-256. Its errors name no address.
    static let script = #"""
        import hashlib
        import sys
        import urllib.error
        import urllib.request


        class HTTPSOnly(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, request, response, code, message, headers, url):
                if not url.startswith("https://"):
                    sys.exit("it leads to an address without https")
                return super().redirect_request(request, response, code, message, headers, url)


        def main(url, path, limit):
            taken, sum = 0, hashlib.sha256()
            opener = urllib.request.build_opener(HTTPSOnly)
            with opener.open(url, timeout=60) as response, open(path, "xb") as file:
                length = response.headers.get("Content-Length")
                if length and length.isdigit() and int(length) > limit:
                    sys.exit(f"it has {length} bytes, more than the {limit} a build may take")
                while chunk := response.read(1 << 20):
                    taken += len(chunk)
                    if taken > limit:
                        sys.exit(f"it has more than the {limit} bytes a build may take")
                    sum.update(chunk)
                    file.write(chunk)
                if length and length.isdigit() and int(length) != taken:
                    sys.exit(f"it ended after {taken} of {length} bytes")
            print(sum.hexdigest())


        try:
            main(open(sys.argv[1]).read(), sys.argv[2], int(sys.argv[3]))
        except urllib.error.HTTPError as error:
            sys.exit(f"the server answered {error.code}")
        except urllib.error.URLError as error:
            sys.exit(f"{type(error.reason).__name__ if isinstance(error.reason, Exception) else 'error'}: {error.reason}")
        except Exception as error:
            sys.exit(f"{type(error).__name__}: {error}")
        """#
}
