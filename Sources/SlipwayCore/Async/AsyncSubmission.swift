// The settings of an asynchronous request as the client may choose them.

public struct AsyncSubmission: Sendable, Equatable {
    /// Bytes, the largest body of a submission (behaviour.md section 7).
    public static let largestBody = 262_144

    /// JSON text as the client sent it.
    public var input: [UInt8]
    public var webhook: String?
    public var priority: Int
    /// Seconds.
    public var maxTimeInQueue: Int
    public var retry: AsyncRetryPolicy

    /// - Throws: `SettingProblem` naming the field.
    public init(
        input: [UInt8], webhook: String?, priority: Int?, maxTimeInQueue: Int?, maxAttempts: Int?,
        initialDelay: Int?, maxDelay: Int?
    ) throws(SettingProblem) {
        self.input = input
        self.webhook = webhook
        self.priority = priority ?? 0
        self.maxTimeInQueue = maxTimeInQueue ?? 600
        let usual = AsyncRetryPolicy()
        retry = AsyncRetryPolicy(
            maxAttempts: maxAttempts ?? usual.maxAttempts, initialDelay: initialDelay ?? usual.initialDelay,
            maxDelay: maxDelay ?? usual.maxDelay)
        try SettingProblem.check("priority", self.priority, in: 0...2)
        try SettingProblem.check("max_time_in_queue_seconds", self.maxTimeInQueue, in: 10...259_200)
        try SettingProblem.check("inference_retry_config.max_attempts", retry.maxAttempts, in: 1...10)
        try SettingProblem.check(
            "inference_retry_config.initial_delay_ms", retry.initialDelay, in: 0...10_000)
        try SettingProblem.check("inference_retry_config.max_delay_ms", retry.maxDelay, in: 0...60_000)
        if let webhook { try WebhookAddress.check(webhook) }
    }
}
