// `slipway config`: the servers that `slipway login` remembers. Keys are never shown.

import ArgumentParser
import SlipwayAPI

struct Config: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List, choose and forget the servers that were logged in to.",
        subcommands: [List.self, Use.self, Remove.self], defaultSubcommand: List.self)

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the remotes.")
        @OptionGroup var output: OutputOptions

        func run() throws {
            let stored = try StoredRemotes.load()
            let rows = stored.remotes.sorted { $0.key < $1.key }.map { name, remote in
                [
                    "name": .string(name), "url": .string(ServerURL.shown(remote.url)),
                    "current": .bool(name == stored.current),
                ]
                    as JSONValue
            }
            try output.printer.list(
                ["remotes": .array(rows)], items: "remotes",
                columns: [Column("NAME", "name"), Column("URL", "url"), Column("IN USE", "current")])
        }
    }

    struct Use: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Choose the remote that commands call.")
        @Argument(help: "Name of the remote.") var name: String

        func run() throws {
            var stored = try StoredRemotes.load()
            let remote = try stored.named(name)
            stored.current = name
            try stored.save()
            say("\(name) (\(ServerURL.shown(remote.url))) is in use")
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Forget a remote and its key.")
        @Argument(help: "Name of the remote.") var name: String
        @OptionGroup var confirmation: ConfirmationOptions

        func run() throws {
            var stored = try StoredRemotes.load()
            let remote = try stored.named(name)
            try confirmation.confirm("Forget \(name) (\(ServerURL.shown(remote.url))) and its key?")
            stored.remotes[name] = nil
            if stored.current == name { stored.current = nil }
            try stored.save()
            say("\(name) is forgotten")
        }
    }
}
