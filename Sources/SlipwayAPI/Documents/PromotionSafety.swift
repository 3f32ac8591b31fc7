// Slipway's own promotion settings: what guards a promotion.

/// A check that must pass before traffic moves. Exactly one of URL and command.
public struct PromotionGateV1: Codable, Sendable, Equatable {
    @Nullable public var url: String?
    @Nullable public var command: String?
    public var timeoutSeconds: Int

    public init(url: String?, command: String?, timeoutSeconds: Int) {
        self.url = url
        self.command = command
        self.timeoutSeconds = timeoutSeconds
    }

    enum CodingKeys: String, CodingKey {
        case url, command
        case timeoutSeconds = "timeout_seconds"
    }
}

extension PromotionGateV1: WireRequest {
    public init(reading members: MemberReader) throws(BadRequest) {
        self.init(
            url: try members.optionalString("url", length: 1...2048),
            command: try members.optionalString("command", length: 1...100),
            timeoutSeconds: try members.optionalInteger("timeout_seconds", in: 1...3600) ?? 300)
    }
}

/// How long the way back is kept open, and what takes it.
public struct PromotionWatchV1: Codable, Sendable, Equatable {
    public var durationSeconds: Int
    @Nullable public var maxErrorPercent: Int?
    public var minRequests: Int

    public init(durationSeconds: Int, maxErrorPercent: Int?, minRequests: Int) {
        self.durationSeconds = durationSeconds
        self.maxErrorPercent = maxErrorPercent
        self.minRequests = minRequests
    }

    enum CodingKeys: String, CodingKey {
        case durationSeconds = "duration_seconds"
        case maxErrorPercent = "max_error_percent"
        case minRequests = "min_requests"
    }
}

extension PromotionWatchV1: WireRequest {
    public init(reading members: MemberReader) throws(BadRequest) {
        self.init(
            durationSeconds: try members.optionalInteger("duration_seconds", in: 10...86400) ?? 300,
            maxErrorPercent: try members.optionalInteger("max_error_percent", in: 0...100),
            minRequests: try members.optionalInteger("min_requests", in: 1...1_000_000) ?? 20)
    }
}

/// Slipway's own settings of promotions; null turns one off.
public struct PromotionSafetyV1: Codable, Sendable, Equatable {
    @Nullable public var gate: PromotionGateV1?
    @Nullable public var watch: PromotionWatchV1?

    public init(gate: PromotionGateV1?, watch: PromotionWatchV1?) {
        self.gate = gate
        self.watch = watch
    }

    enum CodingKeys: String, CodingKey {
        case gate, watch
    }
}

/// Changes to Slipway's own settings: a member that is absent stays as it is, null turns it off.
public struct UpdatePromotionSafetyV1: WireRequest {
    public var gate: MemberChange<PromotionGateV1>
    public var watch: MemberChange<PromotionWatchV1>

    public init(reading members: MemberReader) throws(BadRequest) {
        gate = try members.change("gate", as: PromotionGateV1.self)
        watch = try members.change("watch", as: PromotionWatchV1.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(gate, forKey: .gate)
        try container.encode(watch, forKey: .watch)
    }

    enum CodingKeys: String, CodingKey {
        case gate, watch
    }
}
