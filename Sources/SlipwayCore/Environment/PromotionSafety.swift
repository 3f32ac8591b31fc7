// What guards a promotion: a check of the user's own before traffic moves, and a time in which the way back is kept
// open. Slipway's own settings; both are off unless asked for.

/// A check that must pass before any traffic moves. Exactly one of URL and command.
public struct PromotionGate: Sendable, Codable, Equatable {
    /// Gets a POST; any 2xx passes.
    public var url: String?
    /// Name of a program in the server's gate directory; exit code 0 passes.
    public var command: String?
    /// Seconds it may take: 1–3600.
    public var timeoutSeconds: Int

    public init(url: String? = nil, command: String? = nil, timeoutSeconds: Int = 300) {
        self.url = url
        self.command = command
        self.timeoutSeconds = timeoutSeconds
    }

    func check() throws(SettingProblem) {
        let name = "slipway.gate"
        guard (url == nil) != (command == nil) else {
            throw SettingProblem("\(name): exactly one of url and command is required.")
        }
        if let url { try WebhookAddress.check(url, named: "\(name).url") }
        if let command {
            let isPlain = command.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                    UInt8(ascii: "."):
                    true
                default: false
                }
            }
            guard isPlain, (1...100).contains(command.utf8.count), !command.hasPrefix(".") else {
                throw SettingProblem(
                    "\(name).command must be the name of a program in the server's gate directory: letters, digits, '-', '_' and '.'."
                )
            }
        }
        try SettingProblem.check("\(name).timeout_seconds", timeoutSeconds, in: 1...3600)
    }
}

/// How long after a promotion the previous deployment stays ready, and what brings it back.
public struct PromotionWatch: Sendable, Codable, Equatable {
    /// Seconds: 10–86400.
    public var durationSeconds: Int
    /// Share of failed predictions (status 5xx) that is still good, in percent: 0–100; nil looks at health alone.
    public var maxErrorPercent: Int?
    /// Predictions before their errors count: 1–1,000,000.
    public var minRequests: Int

    public init(durationSeconds: Int = 300, maxErrorPercent: Int? = nil, minRequests: Int = 20) {
        self.durationSeconds = durationSeconds
        self.maxErrorPercent = maxErrorPercent
        self.minRequests = minRequests
    }

    func check() throws(SettingProblem) {
        try SettingProblem.check("slipway.watch.duration_seconds", durationSeconds, in: 10...86400)
        if let maxErrorPercent {
            try SettingProblem.check("slipway.watch.max_error_percent", maxErrorPercent, in: 0...100)
        }
        try SettingProblem.check("slipway.watch.min_requests", minRequests, in: 1...1_000_000)
    }
}

/// A change of a setting that can be turned off.
public enum OptionalChange<Value: Sendable & Equatable>: Sendable, Equatable {
    case unchanged
    case removed
    case set(Value)

    func applied(to old: Value?) -> Value? {
        switch self {
        case .unchanged: old
        case .removed: nil
        case .set(let new): new
        }
    }
}
