// Requests, times, errors and replicas of a deployment over time, drawn on the server.

import SlipwayControl
import SlipwayCore

enum MetricsPage {
    private static let ranges: [(hours: Int, label: String)] = [
        (1, "1 hour"), (6, "6 hours"), (24, "24 hours"), (168, "7 days"),
    ]
    private static let metrics: [Metric] = [
        .requests, .responseTime, .concurrentRequests, .replicasActive, .replicasStarting,
    ]

    static func add(to routes: Routes) {
        routes.page(
            "\(DeploymentPage.path)/metrics", is: "GET \(DeploymentPage.api)/metrics", takes: ["range"], make)
    }

    private static func make(_ visit: Visit) async throws -> Page {
        let (control, id, model) = (visit.control, try visit.deploymentID, try visit.modelID)
        let deployment = try await control.deployment(.id(id), of: model).deployment
        let name = try await control.model(model).model.name
        let hours = try visit.query.number("range") ?? 1
        guard ranges.contains(where: { $0.hours == hours }) else {
            throw ControlError.validation("range must be 1, 6, 24 or 168 hours.")
        }
        let end = control.now
        let window = MetricsWindow(
            start: Timestamp(microseconds: end.microseconds - Int64(hours) * 3_600_000_000), end: end)
        let answer = try await control.metrics(
            of: id, model: model, MetricsQuery(mode: .series(window), metrics: metrics))
        let charts = Charts(answer, until: end).all
        return Page(
            title: "Metrics of \(deployment.name)", area: .models,
            crumbs: [
                .init(name: "Models", path: Path()), .init(name: name, path: Path("models", model.text)),
            ], topics: [.model(model)]
        ) { markup in
            markup.heading(deployment.name) { markup.el(.code, id.text, .class("faint")) }
            markup.tabs(of: deployment, current: .metrics)
            markup.el(
                .form, .method("get"), .action(deployment.path(to: .metrics)), .class("row"),
                .data("auto", "1")
            ) {
                markup.choice(
                    id: "range", "range", "Last", ranges.map { ("\($0.hours)", $0.label) }, chosen: "\(hours)"
                )
                markup.el(.button, "Show", .type("submit"))
            }
            markup.live("charts") {
                markup.el(.div, .class("charts")) { for chart in charts { markup.chart(chart) } }
            }
        }
    }
}

/// The answer as the charts of the page.
private struct Charts {
    private let answer: MetricsAnswer
    private let end: Timestamp

    init(_ answer: MetricsAnswer, until end: Timestamp) {
        self.answer = answer
        self.end = end
    }

    var all: [Chart] {
        [
            Chart(
                title: "Requests per minute", unit: "", times: times, end: end,
                series: series(of: .requests, perMinute: true) { "answered \($0["status"] ?? "")" }),
            Chart(
                title: "Response time", unit: "s", times: times, end: end,
                series: series(of: .responseTime) { labels in
                    switch labels["quantile"] {
                    case "0.5": "p50"
                    case "0.95": "p95"
                    case "0.99": "p99"
                    default: nil
                    }
                }),
            Chart(
                title: "Predictions under way", unit: "", times: times, end: end,
                series: series(of: .concurrentRequests) { _ in "under way" }),
            Chart(
                title: "Replicas", unit: "", times: times, end: end,
                series: series(of: .replicasActive) { _ in "ready" }
                    + series(of: .replicasStarting) { _ in "starting" }),
        ]
    }

    private var times: [Timestamp] { answer.points.map(\.start) }

    /// - Parameter name: of a series by its labels; nil leaves it out.
    private func series(
        of metric: Metric, perMinute: Bool = false, _ name: (MetricLabels) -> String?
    ) -> [Chart.Series] {
        guard let number = answer.metrics.firstIndex(where: { $0.metric == metric }) else { return [] }
        let scale = perMinute ? 60 / Double(max(60, answer.step ?? 60)) : 1
        return answer.metrics[number].labelSets.enumerated().compactMap { place, labels in
            guard let name = name(labels) else { return nil }
            return Chart.Series(
                name: name, values: answer.points.map { $0.values[number][place].map { $0 * scale } })
        }
    }
}
