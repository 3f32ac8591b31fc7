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

/// Where results may be delivered: over https, or to this machine over http; never to link-local addresses, where
/// clouds keep the credentials of machines.
public enum WebhookAddress {
    /// - Throws: `SettingProblem`.
    static func check(_ text: String, named name: String = "webhook_endpoint") throws(SettingProblem) {
        guard text.utf8.count <= 2048, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
            let (scheme, host) = parts(of: text)
        else { throw SettingProblem("\(name) must be an absolute URL.") }
        guard scheme == "https" || scheme == "http" && isLoopback(host) else {
            throw SettingProblem("\(name) must be an https URL; http is for localhost only.")
        }
        if isLinkLocal(host) {
            throw SettingProblem("\(name) must not name a link-local address.")
        }
    }

    public static func isLoopback(_ host: String) -> Bool {
        host == "localhost" || host.hasSuffix(".localhost") || host == "::1" || host.hasPrefix("127.")
    }

    /// Of an address as text, IPv4 or IPv6 (also IPv4 mapped into it).
    public static func isLinkLocal(_ address: String) -> Bool {
        let text = address.lowercased()
        let mapped = text.hasPrefix("::ffff:") ? String(text.dropFirst(7)) : text
        if mapped.hasPrefix("169.254.") || mapped == "0.0.0.0" { return true }
        return text.contains(":") && ["fe8", "fe9", "fea", "feb"].contains { text.hasPrefix($0) }
    }

    /// Scheme and host in lower case, without user, port and brackets.
    public static func parts(of url: String) -> (scheme: String, host: String)? {
        guard let mark = url.firstRange(of: "://") else { return nil }
        let rest = url[mark.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard !rest.contains("@") else { return nil }
        let host: Substring
        if rest.first == "[" {
            guard let end = rest.firstIndex(of: "]") else { return nil }
            host = rest[rest.index(after: rest.startIndex)..<end]
        } else {
            host = rest.prefix { $0 != ":" }
        }
        return host.isEmpty ? nil : (url[..<mark.lowerBound].lowercased(), host.lowercased())
    }
}
