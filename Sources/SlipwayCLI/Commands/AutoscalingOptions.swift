// Settings of the autoscaler as options.

import ArgumentParser
import SlipwayAPI

struct AutoscalingOptions: ParsableArguments {
    @Option(help: "Replicas that run without any request; 0 lets it sleep.") var minReplica: Int?
    @Option(help: "Most replicas.") var maxReplica: Int?
    @Option(help: "Requests in flight for each replica.") var concurrencyTarget: Int?
    @Option(help: "Percent of the target at which another replica starts.")
    var targetUtilizationPercentage: Int?
    @Option(help: "Tokens in flight for each replica of an LLM server.") var targetInFlightTokens: Int?
    @Option(help: "Seconds over which load is averaged.") var autoscalingWindow: Int?
    @Option(help: "Seconds of less load before replicas stop.") var scaleDownDelay: Int?

    /// What was given, by the API's names.
    var body: JSONValue {
        let values: [(String, Int?)] = [
            ("min_replica", minReplica), ("max_replica", maxReplica),
            ("concurrency_target", concurrencyTarget),
            ("target_utilization_percentage", targetUtilizationPercentage),
            ("target_in_flight_tokens", targetInFlightTokens), ("autoscaling_window", autoscalingWindow),
            ("scale_down_delay", scaleDownDelay),
        ]
        let given = values.compactMap { name, value in value.map { (name, JSONValue.integer(Int64($0))) } }
        return .object(Dictionary(uniqueKeysWithValues: given))
    }

    var isEmpty: Bool { body == .object([:]) }

    func requireOne() throws {
        if isEmpty { throw ValidationError("Say what to change, such as --max-replica 2.") }
    }
}
