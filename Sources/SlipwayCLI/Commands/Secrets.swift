// `slipway secrets`: values that models read. They are never shown again.

import ArgumentParser
import SlipwayAPI

struct Secrets: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List, set and delete secrets.",
        subcommands: [List.self, Set.self, Delete.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the names of the secrets.")
        @OptionGroup var options: ClientOptions

        func run() async throws {
            try options.printer.list(
                await options.connect().document("GET", "/v1/secrets"), items: "secrets",
                columns: [
                    Column("NAME", "name"), Column("TEAM", "team_name"), .date("CREATED", "created_at"),
                ])
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Set a secret; the value is read from the terminal, standard input or a file.")
        @Argument(help: "Name of the secret.") var name: String
        @Option(help: "File with the value.") var valueFile: String?
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let server = try options.connect()
            let value =
                try valueFile.map { try InputText.decode(InputData.read("@" + $0), $0) }
                ?? HiddenInput.read("Value of \(name): ")
            guard !value.isEmpty else { throw CommandFailure("The value is empty. Nothing was changed.") }
            let made = try await server.document(
                "POST", "/v1/secrets", body: ["name": .string(name), "value": .string(value)] as JSONValue)
            try options.printer.done("secret \(name) is set", made)
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Delete a secret.")
        @Argument(help: "Name of the secret.") var name: String
        @OptionGroup var confirmation: ConfirmationOptions
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let server = try options.connect()
            let all = try await server.document("GET", "/v1/secrets")["secrets"].elements
                .map { Named($0, id: "name", name: "name") }
            let secret = try Choice.pick(name, kind: "secret", among: all)
            try confirmation.confirm("Delete the secret \(secret.name)? Models that read it go without.")
            let gone = try await server.document("DELETE", path("v1", "secrets", secret.name))
            try options.printer.done("secret \(secret.name) is deleted", gone)
        }
    }
}
