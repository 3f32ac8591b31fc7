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
    @Option(help: "Name of the deployment, which is a published one then.") var name: String?
    @Flag(help: "Wait until the deployment is active or has failed.") var wait = false
    @Option(help: "Seconds after which --wait gives up; the deployment goes on.") var timeout: Int?
    @Flag(help: "Check everything, change nothing.") var dryRun = false
    @OptionGroup var remote: RemoteOptions

    func validate() throws {
        if promote, environment != nil {
            throw ValidationError("--promote means --environment production; give one of the two.")
        }
        if timeout != nil, !wait { throw ValidationError("--timeout is for --wait.") }
        if dryRun, wait { throw ValidationError("--dry-run makes nothing that --wait could wait for.") }
    }

    func run() async throws {
        let server = try remote.connect()
        let source: TrussSource
        do {
            source = try TrussSource(directory: directory)
        } catch {
            throw ValidationError("\(error)")
        }
        guard let model = source.modelName else {
            throw ValidationError("config.yaml names no model: add model_name.")
        }
        for warning in source.warnings { tell("warning: \(warning)") }
        let target = promote ? "production" : environment
        // The server reads the text; the object says no more than whose it is.
        let deployment = DeploymentArchivePayloadV1(
            config: ["model_name": .string(model)], rawConfig: source.config, environmentName: target,
            deploymentName: name, isDevelopment: !publish && target == nil && name == nil)

        let patience = Task {
            try await Task.sleep(for: .seconds(5))
            tell("waiting for the server: on a fresh machine it installs its build tools first")
        }
        defer { patience.cancel() }
        let grant = try await server.call(
            "POST", "/v1/prepare_model_upload",
            body: PrepareModelUploadRequestV1(deployment: deployment, name: model, dryRun: dryRun),
            as: UploadGrant.self)
        patience.cancel()
        for warning in grant.warnings ?? [] { tell("warning: config.yaml: \(warning)") }
        if dryRun { return list(source, of: model) }
        guard let key = grant.s3_key, let url = grant.upload_url else {
            throw CommandFailure("The server gave no upload URL; it is not a Slipway server.")
        }
        let archive = try Archive.pack(source)
        defer { archive.remove() }
        let progress = ProgressLine()
        try await server.upload(file: archive.path, to: url) { sent, size in
            progress.show("uploading \(ProgressLine.bar(sent, of: size)) of \(Self.size(size))")
        }
        progress.clear()
        let old = wait && deployment.isDevelopment == true ? try await newestLine(of: model, server) : nil
        let made = try await server.call(
            "POST", "/v1/models",
            body: CreateModelRequestV1(
                source: .modelArchive(ModelArchiveSourceV1(name: model, deployment: deployment, s3Key: key))),
            as: Created.self)
        say("model \(made.model.id) deployment \(made.deployment.id) \(made.deployment.status)")
        if wait {
            let begin = old?.deployment == made.deployment.id ? old?.time : nil
            try await Waiting(
                server: server, model: made.model.id, deployment: made.deployment.id, begin: begin ?? 0
            ).run(timeout: timeout)
        }
    }

    /// The model's development deployment, which a push keeps, and the time of the newest line of its log: this machine's
    /// clock says nothing about the server's.
    private func newestLine(
        of model: String, _ server: Remote
    ) async throws -> (deployment: String, time: Int64)? {
        let found = try await server.call(
            "GET", "/v1/models" + query(["name": model]), as: ModelList.self
        ).models.first
        guard let found, let deployment = found.development_deployment_id else { return nil }
        var log = LogReader(server: server, model: found.id, deployment: deployment)
        let time = try await log.newest(1).first.flatMap { Int64($0.timestamp) }
        return (deployment, time ?? 0)
    }

    private func list(_ source: TrussSource, of model: String) {
        for file in source.files {
            let link = file.link.map { " -> \($0)" } ?? ""
            say("\(Self.size(file.size).leftPadded(to: 10))  \(file.name)\(link)")
        }
        let bytes = source.files.reduce(Int64(0)) { $0 + $1.size }
        say("\(source.files.count) files, \(Self.size(bytes))")
        say("\(model): the configuration is good; nothing was pushed.")
    }

    static func size(_ bytes: Int64) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        var (value, unit) = (Double(bytes), 0)
        while value >= 1024, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        return unit == 0 ? "\(bytes) B" : "\((value * 10).rounded() / 10) \(units[unit])"
    }
}

extension String {
    fileprivate func leftPadded(to width: Int) -> String {
        String(repeating: " ", count: max(0, width - count)) + self
    }
}

/// The members of the documents that the commands read.
private struct ModelList: Decodable {
    struct Model: Decodable {
        var id: String
        var development_deployment_id: String?
    }
    var models: [Model]
}

private struct UploadGrant: Decodable {
    var s3_key: String?
    var upload_url: String?
    var warnings: [String]?
}

private struct Created: Decodable {
    struct Model: Decodable { var id: String }
    var model: Model
    var deployment: DeploymentState
}

/// A packed Truss in a temporary directory that no other user may look into.
struct Archive {
    private let directory: String
    var path: String { directory + "/truss.tar" }

    static func pack(_ source: TrussSource) throws -> Archive {
        let archive = Archive(
            directory: FileManager.default.temporaryDirectory
                .appendingPathComponent("slipway-push-\(UUID().uuidString)").path)
        try FileManager.default.createDirectory(
            atPath: archive.directory, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        do {
            try source.pack(to: archive.path)
        } catch {
            archive.remove()
            throw error
        }
        return archive
    }

    func remove() { try? FileManager.default.removeItem(atPath: directory) }
}
