// `slipway push DIR`: packs a Truss, uploads it to the server's own storage and creates the deployment.

import ArgumentParser
import Foundation
import SlipwayAPI
import SlipwayTruss

struct Push: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Push a Truss directory to a server.",
        discussion: "Makes a development deployment; --publish, --promote or --environment a published one.")

    @Argument(help: "The Truss: a directory with config.yaml and model/.")
    var directory: String
    @Flag(help: "Make a published deployment.") var publish = false
    @Flag(help: "Promote to production once it is ready.") var promote = false
    @Option(help: "Promote to this environment once it is ready.") var environment: String?
    @Option(help: "Name of the deployment.") var name: String?
    @Flag(help: "Wait until the deployment is active or has failed.") var wait = false
    @Flag(help: "Check everything, change nothing.") var dryRun = false
    @OptionGroup var remote: RemoteOptions

    func validate() throws {
        if promote, environment != nil {
            throw ValidationError("--promote means --environment production; give one of the two.")
        }
    }

    func run() async throws {
        let server = try remote.connect()
        let text: String
        do {
            text = try String(contentsOfFile: directory + "/config.yaml", encoding: .utf8)
        } catch {
            throw ValidationError("\(directory) is no Truss: its config.yaml cannot be read.")
        }
        let config = try TrussConfig(yaml: text)
        guard let model = config.modelName else {
            throw ValidationError("config.yaml names no model: add model_name.")
        }
        let target = promote ? "production" : environment
        let deployment = DeploymentArchivePayloadV1(
            config: try JSONDecoder().decode([String: JSONValue].self, from: Data(config.json.utf8)),
            rawConfig: text, environmentName: target, deploymentName: name,
            isDevelopment: !publish && target == nil && name == nil)

        let grant = try await server.call(
            "POST", "/v1/prepare_model_upload",
            body: PrepareModelUploadRequestV1(deployment: deployment, name: model, dryRun: dryRun),
            as: UploadGrant.self)
        if dryRun { return print("\(model): the configuration is good; nothing was pushed.") }
        guard let key = grant.s3_key, let url = grant.upload_url else {
            throw ValidationError("The server gave no upload URL; it is not a Slipway server.")
        }
        let archive = try Archive.pack(directory)
        defer { archive.remove() }
        try await server.upload(file: archive.path, to: url)
        let made = try await server.call(
            "POST", "/v1/models",
            body: CreateModelRequestV1(
                source: .modelArchive(ModelArchiveSourceV1(name: model, deployment: deployment, s3Key: key))),
            as: Created.self)
        print("model \(made.model.id) deployment \(made.deployment.id) \(made.deployment.status)")
        if wait {
            try await Waiting(server: server, model: made.model.id, deployment: made.deployment.id).run()
        }
    }
}

/// The members of the documents that the commands read.
private struct UploadGrant: Decodable {
    var s3_key: String?
    var upload_url: String?
}

private struct Created: Decodable {
    struct Model: Decodable { var id: String }
    var model: Model
    var deployment: DeploymentState
}

/// A packed Truss in a temporary file.
struct Archive {
    let path: String

    /// Packs `directory` with tar, without version control and caches, as `.truss_ignore` says.
    static func pack(_ directory: String) throws -> Archive {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("slipway-push-\(UUID().uuidString).tar").path
        let tar = Process()
        tar.executableURL = URL(fileURLWithPath: "/bin/tar")
        var arguments = ["--create", "--file", path, "--exclude-vcs", "--exclude=__pycache__"]
        let ignored = directory + "/.truss_ignore"
        if FileManager.default.fileExists(atPath: ignored) { arguments.append("--exclude-from=\(ignored)") }
        tar.arguments = arguments + ["--directory", directory, "."]
        try tar.run()
        tar.waitUntilExit()
        guard tar.terminationStatus == 0 else {
            throw ValidationError("tar could not pack \(directory).")
        }
        return Archive(path: path)
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
}
