// docs/cli.md is written from the tree of commands. `SLIPWAY_WRITE_DOCS=1 swift test --filter CommandLineDocument` writes it
// anew.

import Foundation
import Testing

@testable import SlipwayCLI
@testable import slipway

@Suite("The document about the command line")
struct CommandLineDocumentTests {
    private static let file = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../docs/cli.md").standardizedFileURL

    @Test("says what the commands say of themselves")
    func isCurrent() throws {
        let text = try CommandLineDocument(json: Slipway._dumpHelp()).text
        if ProcessInfo.processInfo.environment["SLIPWAY_WRITE_DOCS"] != nil {
            try Data(text.utf8).write(to: Self.file)
        }
        let written = try String(contentsOf: Self.file, encoding: .utf8)
        #expect(written == text, "write it with SLIPWAY_WRITE_DOCS=1 swift test --filter CommandLineDocument")
    }

    @Test("every command and every option is explained")
    func isComplete() throws {
        let document = try CommandLineDocument(json: Slipway._dumpHelp())
        for command in document.leaves {
            #expect(command.abstract?.hasSuffix(".") == true, "\(command.path)")
            for argument in command.arguments ?? [] {
                #expect(argument.abstract?.isEmpty == false, "\(command.path) \(argument.shown)")
            }
        }
    }
}

/// The commands as ArgumentParser describes them, and the text made of that.
struct CommandLineDocument {
    struct Argument: Decodable {
        struct Name: Decodable {
            var kind: String
            var name: String
        }
        var kind: String
        var names: [Name]?
        var valueName: String?
        var abstract: String?
        var isOptional: Bool
        var shouldDisplay: Bool

        /// `-f, --follow`, `--limit <limit>` or `<model>`.
        var shown: String {
            guard kind != "positional" else { return "<\(valueName ?? "")>" }
            let names = (names ?? []).map { ($0.kind == "long" ? "--" : "-") + $0.name }
                .sorted { $0.count < $1.count }
            let value = kind == "option" ? " <\(valueName ?? "")>" : ""
            return names.joined(separator: ", ") + value
        }
    }

    struct Command: Decodable {
        var commandName: String
        var abstract: String?
        var discussion: String?
        var superCommands: [String]?
        var arguments: [Argument]?
        var subcommands: [Command]?
        var path: String { ((superCommands ?? []) + [commandName]).joined(separator: " ") }
    }

    private struct Tree: Decodable { var command: Command }
    private let root: Command

    init(json: String) throws { root = try JSONDecoder().decode(Tree.self, from: Data(json.utf8)).command }

    /// The commands that do something.
    var leaves: [Command] { Self.leaves(of: root) }

    private static func leaves(of command: Command) -> [Command] {
        let below = (command.subcommands ?? []).filter { $0.commandName != "help" }
        return below.isEmpty ? [command] : below.flatMap(leaves)
    }

    /// Explained once, at the top.
    private static let common = ["--remote", "--api-key-file", "--output", "--yes", "--help", "--version"]

    var text: String {
        let codes = FailureCode.allCases.map { "| \($0.rawValue) | \($0.meaning) |" }.joined(separator: "\n")
        return """
            # Command line

            Written from the commands themselves; a test fails when it is out of date and writes it anew with `SLIPWAY_WRITE_DOCS=1`. `slipway help COMMAND` says the same; `swift package generate-manual --multi-page --configuration debug` makes manual pages below `.build/plugins/GenerateManual/outputs/slipway`.

            Names stand wherever ids do. A model is named `hello`; a deployment `hello/deployment-3`, `hello deployment-3` or `hello --deployment deployment-3`; `development` and `production` are the deployments in those slots. A name that fits several things is refused with their ids, one that fits none with names like it.

            ## Every command

            | option | meaning |
            |---|---|
            | `--remote` | the server: a URL, or the name of one that `slipway login` remembers |
            | `--api-key-file` | a file with the API key |
            | `-o`, `--output` | `table`, `json` or `yaml`; the last two are the API's own document |
            | `-y`, `--yes` | do not ask; where there is no terminal, what deletes or stops something is refused without it |

            The server is that of `--remote`, else of `SLIPWAY_REMOTE` (a URL or a name), else the remote in use (`slipway config use`), else `http://localhost:8000`. The key is that of `--api-key-file`, else of the remote that `--remote` names, else `SLIPWAY_API_KEY`, else the remote's, else, on this machine only, the admin key in `SLIPWAY_DATA_DIR`. Remotes are kept in `~/.config/slipway/config.yaml`, which only you can read. Names like `s3.localhost` need no help from the system. A URL is http or https and has a host, a port and a path, nothing else; a key of the file that means nothing is refused.

            Colours, questions and lines that change in place are for terminals only; `NO_COLOR` turns colours off. `slipway promote` asks on a terminal and does not elsewhere, so that scripts go on as they did.

            Nothing that is shown on a terminal controls it: control characters and those that reorder text are written out (`\\u{1b}`), in JSON and YAML as escapes of that language. Into a pipe or a file documents, logs and answers go as they are. A command goes on where standard error cannot be written, and ends with 1 where standard output cannot.

            ## Exit codes

            | code | meaning |
            |---|---|
            | 0 | done |
            \(codes)
            | 64 | the arguments are wrong, or a question could not be asked |

            ## Commands

            \(leaves.map(Self.section).joined(separator: "\n\n"))

            """
    }

    private static func section(_ command: Command) -> String {
        let shown = (command.arguments ?? []).filter(\.shouldDisplay)
        let positional = shown.filter { $0.kind == "positional" }
            .map { $0.isOptional ? "[\($0.shown)]" : $0.shown }
        var text =
            "### `\(([command.path] + positional).joined(separator: " "))`\n\n\(command.abstract ?? "")"
        if let discussion = command.discussion { text += " \(discussion)" }
        let own = shown.filter { argument in
            !common.contains { argument.shown.contains($0) && !argument.shown.contains("\($0)-") }
        }
        if !own.isEmpty {
            text += "\n\n" + own.map { "- `\($0.shown)`: \($0.abstract ?? "")" }.joined(separator: "\n")
        }
        return text
    }
}
