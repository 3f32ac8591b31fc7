// A chart of lines over time as SVG, with the same values as a table for those who do not see it.

import SlipwayCore

struct Chart: Sendable {
    struct Series: Sendable {
        var name: String
        /// One per time; nil where nothing was measured.
        var values: [Double?]
    }

    var title: String
    var unit: String
    var times: [Timestamp]
    var end: Timestamp
    var series: [Series]

    static let (width, height) = (600.0, 160.0)

    var peak: Double { series.flatMap { $0.values.compactMap(\.self) }.filter(\.isFinite).max() ?? 0 }

    /// The top of the scale: the next of 1, 2, 5 times a power of ten.
    var top: Double {
        guard peak > 0 else { return 1 }
        var step = 1e-6
        while step < 1e15 {
            for factor in [1.0, 2, 5] where step * factor >= peak { return step * factor }
            step *= 10
        }
        return peak
    }

    /// The lines of a series: it is broken where nothing was measured.
    func lines(of series: Series) -> [String] {
        guard let first = times.first else { return [] }
        let span = max(1, (end - first) / .seconds(1))
        var lines: [[String]] = [[]]
        for (time, value) in zip(times, series.values) {
            guard let value, value.isFinite else {
                if lines[lines.count - 1].isEmpty == false { lines.append([]) }
                continue
            }
            let x = (time - first) / .seconds(1) / span * Self.width
            let y = Self.height - value / top * (Self.height - 4) - 2
            lines[lines.count - 1].append("\(Self.short(x)),\(Self.short(y))")
        }
        // A point alone is a line of no length, which the round ends show.
        return lines.filter { !$0.isEmpty }.map {
            $0.count == 1 ? "\($0[0]) \($0[0])" : $0.joined(separator: " ")
        }
    }

    /// With as many digits as a person reads.
    static func short(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "–" }
        let rounded =
            abs(value) >= 100
            ? value.rounded()
            : abs(value) >= 1 ? (value * 10).rounded() / 10 : (value * 10000).rounded() / 10000
        return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
    }
}

extension Markup {
    func chart(_ chart: Chart) {
        let unit = chart.unit.isEmpty ? "" : " \(chart.unit)"
        el(.article, .class("card chart")) {
            el(.h2, chart.title)
            guard chart.series.contains(where: { $0.values.contains { $0 != nil } }) else {
                el(.p, "Nothing was measured in this time.", .class("faint"))
                return
            }
            el(.p, "\(Chart.short(chart.top))\(unit)", .class("scale"))
            el(
                .svg, .svg(.viewBox, "0 0 \(Int(Chart.width)) \(Int(Chart.height))"),
                .svg(.preserveAspectRatio, "none"), .role("img"),
                .aria("label", "\(chart.title): at most \(Chart.short(chart.peak))\(unit)")
            ) {
                for part in 0...2 {
                    let y = "\(2 + Double(part) * (Chart.height - 4) / 2)"
                    el(
                        .line, "", .class("rule"), .svg(.x1, "0"), .svg(.x2, "\(Chart.width)"), .svg(.y1, y),
                        .svg(.y2, y))
                }
                for (number, series) in chart.series.enumerated() {
                    for line in chart.lines(of: series) {
                        el(.polyline, "", .class("s\(number % 5)"), .svg(.points, line))
                    }
                }
            }
            el(.p, .class("scale ends")) {
                if let first = chart.times.first { time(first) }
                time(chart.end)
            }
            legend(chart, unit)
            values(chart)
        }
    }

    private func legend(_ chart: Chart, _ unit: String) {
        el(.ul, .class("legend")) {
            for (number, series) in chart.series.enumerated() {
                el(.li) {
                    el(.svg, .svg(.viewBox, "0 0 24 4"), .class("key"), .aria("hidden", "true")) {
                        el(.polyline, "", .class("s\(number % 5)"), .svg(.points, "1,2 23,2"))
                    }
                    let last = series.values.last(where: { $0 != nil }) ?? nil
                    text("\(series.name) \(last.map { Chart.short($0) + unit } ?? "–")")
                }
            }
        }
    }

    private func values(_ chart: Chart) {
        el(.details, .id("values-\(chart.title.filter(\.isLetter))")) {
            el(.summary, "Values")
            table(chart.title, ["From"] + chart.series.map(\.name)) {
                for (place, moment) in chart.times.enumerated().reversed() {
                    let values = chart.series.map { $0.values[place] }
                    if values.contains(where: { $0 != nil }) {
                        el(.tr) {
                            el(.td) { time(moment) }
                            for value in values { el(.td, value.map(Chart.short) ?? "–", .class("number")) }
                        }
                    }
                }
            }
        }
    }
}
