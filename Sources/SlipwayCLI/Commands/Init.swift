// `slipway init DIR`: a Truss that can be pushed as it is.

import ArgumentParser
import Foundation

struct Init: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a new Truss from a template.",
        discussion: """
            python: a class with predict. streaming: pieces of an answer as they come. custom-server: an HTTP \
            server of your own. openai: answers OpenAI's chat completions.
            """)

    @Argument(help: "Directory to make.") var directory: String
    @Option(help: "python, streaming, custom-server or openai.") var template: Template = .python
    @Option(help: "Name of the model (default: the directory's).") var name: String?

    func validate() throws {
        guard Self.isName(modelName) else {
            throw ValidationError(
                "\(modelName.printable()) cannot be the name of a model: letters, digits, - and _ can; give --name."
            )
        }
    }

    func run() throws {
        let root = LocalServer.absolute(directory)
        let there = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        guard there.isEmpty, !Self.isFile(root) else {
            throw CommandFailure("\(directory) is not empty.", hint: "Name a new directory.")
        }
        for (name, text) in template.files(model: modelName) {
            let file = URL(fileURLWithPath: root).appendingPathComponent(name)
            do {
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(text.utf8).write(to: file, options: .withoutOverwriting)
            } catch {
                throw CommandFailure("\(file.path) cannot be written.")
            }
        }
        say("\(directory) is a Truss called \(modelName). Next:")
        say("  slipway push \(directory) --wait")
        say("  slipway predict \(modelName) --env development --data '\(template.example)'")
    }

    private var modelName: String {
        name ?? URL(fileURLWithPath: LocalServer.absolute(directory)).standardized.lastPathComponent
    }

    private static func isName(_ name: String) -> Bool {
        !name.isEmpty && name.count <= 100
            && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }
    }

    private static func isFile(_ path: String) -> Bool {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
            && !isDirectory.boolValue
    }
}
