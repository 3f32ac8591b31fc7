// Metrics of deployments and environments, and the Prometheus exposition of all of them.

import Foundation
import Hummingbird
import SlipwayAPI
import SlipwayControl
import SlipwayCore
import SlipwayPrometheus

enum MetricsRoutes {
    static func collection(_ services: Services) -> RouteCollection<ServerContext> {
        let control = services.control
        let routes = RouteCollection(context: ServerContext.self)
        routes.operation(.get, "/v1/models/{model_id}/deployments/{deployment_id}/metrics") { call in
            let request = try GetMetricsRequestV1(query: call.query)
            return GetModelMetricsResponseV1(
                try await control.metrics(
                    of: call.deploymentID, model: call.modelID, MetricsQuery(request, now: control.date)),
                request.mode)
        }
        routes.operation(.get, "/v1/models/{model_id}/environments/{env_name}/metrics") { call in
            let request = try GetMetricsRequestV1(query: call.query)
            return GetModelMetricsResponseV1(
                try await control.environmentMetrics(
                    call.environment, of: call.modelID, MetricsQuery(request, now: control.date)),
                request.mode)
        }
        return routes
    }

    /// The exposition, at the app host only.
    static func addExport(to router: Router<ServerContext>, _ services: Services) {
        let rule = AccessTable.demand("GET", "/metrics")
        router.get("/metrics") { request, context in
            let caller = try context.authenticated()
            try caller.require(rule)
            try request.requireNoQuery()
            let families = try await services.control.exportedMetrics(of: caller.grant.modelIDs)
            return Answer.text(PrometheusText.write(families), type: PrometheusText.contentType)
        }
    }
}

extension MetricsQuery {
    /// - Throws: `Refusal.validation` naming the parameter.
    fileprivate init(_ request: GetMetricsRequestV1, now: Date) throws {
        let metrics = try request.metrics.compactMap { name -> Metric? in
            if let metric = Metric(rawValue: name) { return metric }
            guard Metric.knownElsewhere.contains(name) else {
                throw Refusal.validation("metrics: there is no metric named \(name.prefix(100)).")
            }
            return nil
        }
        self.init(
            mode: try Mode(request, now: now), metrics: request.metrics.isEmpty ? Metric.standard : metrics)
    }
}

extension MetricsQuery.Mode {
    fileprivate init(_ request: GetMetricsRequestV1, now: Date) throws {
        if request.mode == .current {
            guard request.startEpochMillis == nil, request.endEpochMillis == nil else {
                throw Refusal.validation(
                    "start_epoch_millis and end_epoch_millis: mode CURRENT takes no window.")
            }
            self = .current
            return
        }
        let millis = try EpochMillis.window(
            start: request.startEpochMillis, end: request.endEpochMillis,
            usual: Int64(MetricsWindow.usual / .milliseconds(1)), now: now)
        let window = MetricsWindow(
            start: Timestamp(microseconds: millis.lowerBound * 1000),
            end: Timestamp(microseconds: millis.upperBound * 1000))
        self = request.mode == .summary ? .summary(window) : .series(window)
    }
}

extension GetModelMetricsResponseV1 {
    fileprivate init(_ answer: MetricsAnswer, _ mode: ModelMetricModeV1) {
        self.init(
            startEpochMillis: answer.window.start.microseconds / 1000,
            endEpochMillis: answer.window.end.microseconds / 1000, mode: mode, stepSeconds: answer.step,
            metricDescriptors: answer.metrics.map { metric, labelSets in
                ModelMetricDescriptorV1(
                    name: metric.rawValue, unitHint: ModelMetricUnitHintV1(metric.unit),
                    kind: ModelMetricKindV1(metric.kind), labelSets: labelSets)
            },
            metricValues: answer.points.map { point in
                ModelMetricValueSetV1(
                    startEpochMillis: point.start.microseconds / 1000, values: point.values)
            })
    }
}

extension ModelMetricKindV1 {
    fileprivate init(_ kind: MetricKind) {
        self =
            switch kind {
            case .gauge: .gauge
            case .counter: .counter
            case .histogram: .histogram
            }
    }
}

extension ModelMetricUnitHintV1 {
    fileprivate init(_ unit: MetricUnit) {
        self =
            switch unit {
            case .seconds: .seconds
            case .bytes: .bytes
            case .count: .count
            }
    }
}
