// `slipway watch DIR`: brings every change of the files to the development deployment as it is saved.

import ArgumentParser
import Foundation
import SlipwayAPI
import SlipwayTruss

struct Watch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Bring changes of a Truss to its development deployment as they are saved.",
        discussion: """
            Model code and packages are patched into what runs; anything else is pushed again. Ends with ctrl-C.
            """)

    @Argument(help: "The Truss, which was pushed before.") var directory: String
    @Flag(help: "Swap the model's class in the running server, without load().") var hotReload = false
    @OptionGroup var remote: RemoteOptions

    private static let interval = Duration.milliseconds(500)

    func run() async throws {
        let resolver = Resolver(server: try remote.connect())
        guard let name = try Self.source(directory).modelName else {
            throw CommandFailure("config.yaml names no model: add model_name.")
        }
        let model = try await resolver.model(name)
        guard let development = model.document["development_deployment_id"].string else {
            throw CommandFailure(
                "\(name) has no development deployment.",
                hint: "Push it first: slipway push \(directory) --wait",
                code: .notFound)
        }
        say("watching \(directory) for \(name) (\(model.id)), deployment \(development)")
        var files = SourceFiles(directory: directory)
        var last: [String: SourceFiles.Stamp]?
        var lastFailure: CommandFailure?
        while true {
            do {
                let source = try Self.source(directory)
                let stamps = files.stamps(source)
                if stamps != last {
                    // What was refused is tried again with the next change, not before.
                    last = stamps
                    try await bring(source, &files, to: development, of: model, resolver.server)
                    lastFailure = nil
                }
            } catch let failure as CommandFailure {
                // Once: a config that cannot be read stays so until it is saved again.
                if failure != lastFailure { tell(failure.description) }
                lastFailure = failure
                if failure.code == .unreachable { last = nil }
            }
            try await Task.sleep(for: Self.interval)
        }
    }

    /// The directory as it is now: a half-saved config is a failure like others.
    private static func source(_ directory: String) throws -> TrussSource {
        do {
            return try TrussSource(directory: directory)
        } catch {
            throw CommandFailure("\(directory) cannot be packed: \(error)")
        }
    }

    private func bring(
        _ source: TrussSource, _ files: inout SourceFiles, to deployment: String, of model: Named,
        _ server: Remote
    ) async throws {
        let place = path("v1", "models", model.id, "deployments", deployment, "patches")
        let state = try await server.document("GET", place + "/state")
        let point = state[path: "pending_patch_point"] ?? state["running_patch_point"]
        let digests = try files.digests(source)
        let directories = CodeDirectories(config: source.config)
        let links = Set(source.files.filter { $0.link != nil }.map(\.name))
        let change = SourceChange.between(
            digests, and: point["content_hashes"], links: links, directories: directories)
        switch change {
        case .nothing: return
        case .push(let reason): try await push(reason)
        case .patch(let paths):
            let patch = LivePatch(source: source, files: files, digests: digests, hotReload: hotReload)
            let body = try patch.body(paths: paths, on: point, directories)
            _ = try await server.document("POST", place, body: body)
            let synced = try await server.document("POST", place + "/sync")
            if let reason = synced["needs_full_deploy_reason"].string { return try await push(reason) }
            say("patched: \(paths.joined(separator: ", "))")
        }
    }

    private func push(_ reason: String) async throws {
        say("pushing again: \(reason)")
        var arguments = [directory, "--wait"]
        if let name = remote.remote { arguments += ["--remote", name] }
        if let file = remote.apiKeyFile { arguments += ["--api-key-file", file] }
        do {
            try await Push.parse(arguments).run()
        } catch let error as ValidationError {
            throw CommandFailure(error.message)
        }
    }
}
