// `slipway open`: the dashboard in a browser.

import ArgumentParser
import Foundation

struct Open: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Open the dashboard, or a model's page, in a browser; print its address.")

    @Argument(help: "Name or id of the model.") var model: String?
    @OptionGroup var remote: RemoteOptions

    func run() async throws {
        let server = try remote.connect()
        let place =
            if let model { path("models", try await Resolver(server: server).model(model).id) } else { "/" }
        say(server.url + place)
        // Only where a person looks at a desktop: in a script or over ssh the address is all there is.
        let environment = ProcessInfo.processInfo.environment
        guard Terminal.current.outputIsTerminal,
            environment["DISPLAY"] != nil || environment["WAYLAND_DISPLAY"] != nil,
            let opener = Self.opener(environment["PATH"] ?? "")
        else { return }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: opener)
        process.arguments = [server.url + place]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        do { try process.run() } catch { tell("\(opener) cannot be started; open the address yourself.") }
    }

    private static func opener(_ path: String) -> String? {
        path.split(separator: ":").map { "\($0)/xdg-open" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}
