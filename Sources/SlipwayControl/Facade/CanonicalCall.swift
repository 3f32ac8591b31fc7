// What a call asks for, as text to compare with an earlier call of the same Idempotency-Key.

import SlipwayAPI
import SlipwayCore

/// Members by names chosen here, sorted, without those that have their default: neither a renamed property nor a new one
/// makes a call that was stored by another version of the server look different.
struct CanonicalCall {
    let text: String

    /// - Parameter members: nil for what the call leaves to the server.
    init(_ operation: String, _ members: [String: JSONValue?]) throws {
        var all = members.compactMapValues(\.self)
        all["operation"] = .string(operation)
        text = String(decoding: try WireJSON.encode(JSONValue.object(all)), as: UTF8.self)
    }

    /// Whether it is what was stored. Versions before this one stored descriptions that only they could make: of those
    /// only the operation is compared, for the day they are remembered.
    func matches(_ stored: String) -> Bool {
        if stored.hasPrefix("{") { return stored == text }
        guard let word = stored.split(separator: " ").first else { return false }
        return text.contains("\"operation\":\"\(word)")
    }
}

extension JSONValue {
    fileprivate init(_ number: Int) { self = .integer(Int64(number)) }

    /// Nil where the flag has its default.
    fileprivate static func flag(_ value: Bool, default usual: Bool) -> JSONValue? {
        value == usual ? nil : .bool(value)
    }
}

extension PushRequest {
    func canonical() throws -> CanonicalCall {
        var members: [String: JSONValue?] = [
            "archive_key": .string(archiveKey), "is_development": .flag(isDevelopment, default: false),
            "deployment_name": deploymentName.map { .string($0) },
            "environment": environment.map { .string($0) },
            "scale_down_previous": .flag(scaleDownPrevious, default: true),
            "preserve_env_instance_type": .flag(preserveEnvironmentInstanceType, default: true),
            "deploy_timeout_minutes": deployTimeoutMinutes.map { JSONValue($0) },
            "labels": labelsJSON.map { .string($0) },
            "allows_download": .flag(allowsDownload, default: true),
            "truss_hash": trussHash.map { .string($0) },
            "truss_signature": trussSignature.map { .string($0) },
            "raw_config": rawConfig.map { .string($0) },
        ]
        switch target {
        case .model(let id): members["model_id"] = .string(id.text)
        case .modelNamed(let name, let team):
            members["model_name"] = .string(name)
            members["team_id"] = team.map { .string($0.text) }
        }
        return try CanonicalCall("push", members)
    }
}

extension PromoteOptions {
    func canonical(
        _ selector: DeploymentSelector, of model: ModelID, to environment: String
    ) throws -> CanonicalCall {
        let source =
            switch selector {
            case .id(let id): "id \(id.text)"
            case .development: "development"
            case .production: "production"
            }
        return try CanonicalCall(
            "promote",
            [
                "model_id": .string(model.text), "source": .string(source),
                "environment": .string(environment),
                "scale_down_previous": .flag(scaleDownPrevious, default: true),
                "preserve_env_instance_type": .flag(preserveEnvironmentInstanceType, default: true),
            ])
    }
}

extension CanonicalCall {
    /// The making of an environment.
    init(
        creating name: String, of model: ModelID, _ autoscaling: AutoscalingChange,
        _ promotion: PromotionSettingsChange, _ backpressure: BackpressurePolicy?
    ) throws {
        var members = autoscaling.members.merging(promotion.members) { $1 }
        members["name"] = .string(name)
        members["model_id"] = .string(model.text)
        members["backpressure"] = backpressure.map { .string($0.rawValue) }
        try self.init("create environment", members)
    }
}

extension AutoscalingChange {
    fileprivate var members: [String: JSONValue?] {
        [
            "min_replica": minReplica, "max_replica": maxReplica, "autoscaling_window": autoscalingWindow,
            "scale_down_delay": scaleDownDelay, "max_scale_down_rate": maxScaleDownRate,
            "concurrency_target": concurrencyTarget,
            "target_utilization_percentage": targetUtilizationPercentage,
            "target_in_flight_tokens": targetInFlightTokens,
        ].mapValues { $0.map { JSONValue($0) } }
    }
}

extension PromotionSettingsChange {
    fileprivate var members: [String: JSONValue?] {
        var members = [
            "max_surge_percent": maxSurgePercent, "max_unavailable_percent": maxUnavailablePercent,
            "stabilization_time_seconds": stabilizationSeconds,
            "replica_overhead_percent": replicaOverheadPercent, "ramp_up_duration_seconds": rampUpSeconds,
        ].mapValues { $0.map { JSONValue($0) } }
        members["redeploy_on_promotion"] = redeployOnPromotion.map { .bool($0) }
        members["rolling_deploy"] = rollingDeploy.map { .bool($0) }
        members["promotion_cleanup_strategy"] = cleanup.map { .string($0.rawValue) }
        members["ramp_up_while_promoting"] = rampUp.map { .bool($0) }
        members["gate"] = gate.json { gate in
            [
                "url": gate.url.map { .string($0) } ?? .null,
                "command": gate.command.map { .string($0) } ?? .null,
                "timeout_seconds": JSONValue(gate.timeoutSeconds),
            ]
        }
        members["watch"] = watch.json { watch in
            [
                "duration_seconds": JSONValue(watch.durationSeconds),
                "max_error_percent": watch.maxErrorPercent.map { JSONValue($0) } ?? .null,
                "min_requests": JSONValue(watch.minRequests),
            ]
        }
        return members
    }
}

extension OptionalChange {
    /// Nil for what stays, null for what is turned off.
    fileprivate func json(_ encode: (Value) -> JSONValue) -> JSONValue? {
        switch self {
        case .unchanged: nil
        case .removed: .null
        case .set(let value): encode(value)
        }
    }
}
