// `slipway audit`: who changed what.

import ArgumentParser
import SlipwayAPI

struct Audit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show who changed what, newest first.")

    @Argument(help: "Only of this model, by name or id.") var model: String?
    @Option(help: "Most entries.") var limit = 50
    @Option(help: "Only entries with this text.") var search: String?
    @OptionGroup var options: ClientOptions

    func validate() throws {
        if limit < 1 { throw ValidationError("--limit must be 1 or more.") }
    }

    func run() async throws {
        let resolver = try options.resolver()
        let place =
            if let model { path("v1", "models", try await resolver.model(model).id, "audit_logs") } else {
                "/v1/audit_logs"
            }
        let filters = search.map { "&" + query(["search": $0]).dropFirst() } ?? ""
        let document = try await resolver.server.all(place, items: "items", filters: filters, limit: limit)
        try options.printer.list(
            document, items: "items",
            columns: [
                .date("AT", "created"),
                Column("WHO") { entry in
                    let actor = entry["actor"]
                    return Table.Cell(
                        (actor[path: "email"] ?? actor[path: "api_key_name"] ?? actor["type"]).text)
                },
                Column("WHAT", "event_type"), Column("DETAILS", "event_data"),
            ])
    }
}
