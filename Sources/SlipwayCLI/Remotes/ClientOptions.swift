// What a command that calls a server and shows its answer takes.

import ArgumentParser

struct ClientOptions: ParsableArguments {
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var output: OutputOptions

    func connect() throws -> Remote { try remote.connect() }
    var printer: Printer { output.printer }

    /// The server and what resolves names there.
    func resolver() throws -> Resolver { Resolver(server: try remote.connect()) }
}
