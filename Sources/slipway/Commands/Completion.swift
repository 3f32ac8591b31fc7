// `slipway completion`: what a shell needs to complete commands, printed or put where the shell looks for it.

import ArgumentParser
import Foundation
import SlipwayCLI

struct Completion: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print or install completions for your shell.")

    enum Shell: String, ExpressibleByArgument, CaseIterable {
        case bash
        case zsh
        case fish

        /// Where the shell looks, below the home directory.
        var file: String {
            switch self {
            case .bash: ".local/share/bash-completion/completions/slipway"
            case .zsh: ".local/share/zsh/site-functions/_slipway"
            case .fish: ".config/fish/completions/slipway.fish"
            }
        }
    }

    @Argument(help: "bash, zsh or fish (default: the shell of SHELL).") var shell: Shell?
    @Flag(help: "Install them for this user instead of printing them.") var install = false

    func run() throws {
        let environment = ProcessInfo.processInfo.environment
        let named = environment["SHELL"].map { URL(fileURLWithPath: $0).lastPathComponent }
        guard let shell = shell ?? named.flatMap(Shell.init(rawValue:)) else {
            throw ValidationError("Name the shell: bash, zsh or fish.")
        }
        let script = Slipway.completionScript(for: CompletionShell(rawValue: shell.rawValue) ?? .bash)
        guard install else { return print(script) }
        let file = URL(fileURLWithPath: LocalServer.home).appendingPathComponent(shell.file)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data((script + "\n").utf8).write(to: file, options: .atomic)
        print("Installed \(file.path); it counts in the next shell.")
        if shell == .zsh {
            print("For zsh add to ~/.zshrc, before compinit: fpath+=(~/.local/share/zsh/site-functions)")
        }
    }
}
