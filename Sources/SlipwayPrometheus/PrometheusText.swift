// The Prometheus text exposition format, version 0.0.4: families of samples with labels.

/// One metric and all its samples.
public struct MetricFamily: Sendable, Equatable {
    public enum Kind: String, Sendable { case counter, gauge, histogram }

    /// Of a histogram without the suffixes of its parts.
    public var name: String
    public var help: String
    public var kind: Kind
    public var samples: [Sample] = []

    public struct Sample: Sendable, Equatable {
        /// `_bucket`, `_sum` or `_count` for parts of a histogram, else empty.
        public var suffix: String
        public var labels: [Label]
        public var value: Double
    }

    public struct Label: Sendable, Equatable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public init(_ name: String, _ kind: Kind, help: String) {
        self.name = name
        self.kind = kind
        self.help = help
    }

    public mutating func add(_ value: Double, _ labels: [Label]) {
        samples.append(Sample(suffix: "", labels: labels, value: value))
    }

    /// Adds one histogram.
    /// - Parameter buckets: upper bounds and how many values are not above them, ascending, without `+Inf`.
    public mutating func add(
        buckets: [(bound: Double, count: UInt64)], sum: Double, count: UInt64, _ labels: [Label]
    ) {
        for bucket in buckets + [(.infinity, count)] {
            samples.append(
                Sample(
                    suffix: "_bucket", labels: labels + [Label("le", PrometheusText.number(bucket.bound))],
                    value: Double(bucket.count)))
        }
        samples.append(Sample(suffix: "_sum", labels: labels, value: sum))
        samples.append(Sample(suffix: "_count", labels: labels, value: Double(count)))
    }
}

public enum PrometheusText {
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// Families without a sample are announced all the same, so that a dashboard knows they exist.
    public static func write(_ families: [MetricFamily]) -> String {
        var text = ""
        for family in families {
            text += "# HELP \(family.name) \(escaped(family.help, quotes: false))\n"
            text += "# TYPE \(family.name) \(family.kind.rawValue)\n"
            for sample in family.samples {
                text += family.name + sample.suffix
                if !sample.labels.isEmpty {
                    let labels = sample.labels.map { "\($0.name)=\"\(escaped($0.value, quotes: true))\"" }
                    text += "{\(labels.joined(separator: ","))}"
                }
                text += " \(number(sample.value))\n"
            }
        }
        return text
    }

    static func number(_ value: Double) -> String {
        if value == .infinity { return "+Inf" }
        if value == -.infinity { return "-Inf" }
        if value.isNaN { return "NaN" }
        if let whole = Int64(exactly: value) { return "\(whole)" }
        return "\(value)"
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }
}
