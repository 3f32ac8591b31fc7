// `slipway metrics MODEL`: requests, times and replicas of a deployment or an environment.

import ArgumentParser
import SlipwayAPI

struct Metrics: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the metrics of a deployment or an environment.")

    @OptionGroup var arguments: DeploymentArguments
    @Option(help: "Environment whose metrics are meant.") var env: String?
    @Option(help: "current, summary or series; the table shows the newest step.") var mode = "current"
    @Option(name: .customLong("metric"), help: "Only this metric; may be given several times.")
    var metrics: [String] = []
    @OptionGroup var options: ClientOptions

    func validate() throws {
        if env != nil, try arguments.parts().deployment != nil {
            throw ValidationError("--env and a deployment each name what to show; give one of the two.")
        }
    }

    func run() async throws {
        let resolver = try options.resolver()
        let filters =
            query(["mode": mode.uppercased()])
            + metrics.map { "&" + query(["metrics": $0]).dropFirst() }.joined()
        let document = try await resolver.server.document("GET", place(resolver) + "/metrics" + filters)
        try options.printer.list(
            document, rows: Self.rows(document),
            columns: [
                Column("METRIC", "name"), Column("OF", "labels"), Column("VALUE", "value"),
                Column("UNIT", "unit"),
            ])
    }

    private func place(_ resolver: Resolver) async throws -> String {
        guard let env else {
            let (model, deployment) = try await arguments.find(resolver)
            return Deployments.path(model, deployment)
        }
        let model = try await resolver.model(arguments.parts().model)
        let environment = try await resolver.environment(env, of: model)
        return path("v1", "models", model.id, "environments", environment.name)
    }

    /// One row for each series, with the value of the newest step.
    static func rows(_ document: JSONValue) -> [JSONValue] {
        let newest = document["metric_values"].elements.last?["values"].elements ?? []
        return zip(document["metric_descriptors"].elements, newest).flatMap { descriptor, values in
            zip(descriptor["label_sets"].elements, values.elements).map { labels, value in
                [
                    "name": descriptor["name"], "labels": labels, "value": value,
                    "unit": descriptor["unit_hint"],
                ]
            }
        }
    }
}
