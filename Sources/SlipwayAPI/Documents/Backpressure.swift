// What becomes of requests when all replicas are busy (August edition of the contract).

/// A policy for requests that find every replica busy.
public enum RequestBackpressurePolicyV1: String, Codable, Sendable, CaseIterable {
    case queueOnFull = "QUEUE_ON_FULL"
    case rejectOnFull = "REJECT_ON_FULL"
}

/// The policy of a deployment or environment.
public struct RequestBackpressureSettingsV1: Codable, Sendable, Equatable {
    /// null when none was set: requests wait.
    @Nullable public var policy: RequestBackpressurePolicyV1?

    public init(policy: RequestBackpressurePolicyV1? = nil) { self.policy = policy }

    enum CodingKeys: String, CodingKey {
        case policy
    }
}

/// A change of the policy; null, and nothing at all, clears it.
public struct UpdateRequestBackpressureSettingsV1: WireRequest {
    /// The policy from now on.
    public var policy: RequestBackpressurePolicyV1?

    public init(reading members: MemberReader) throws(BadRequest) {
        policy = try members.optionalChoice("policy", as: RequestBackpressurePolicyV1.self)
    }
}
