// A play as an SVG picture: what was offered, what replicas could take, what waited.

struct Plot {
    private static let width = 960.0
    private static let height = 320.0
    private static let margin = 44.0

    let title: String
    let play: Play

    var svg: String {
        let samples = play.samples
        let end = samples.last?.second ?? 1
        let top = max(1, samples.map { max($0.offered, Double($0.running), $0.waiting) }.max() ?? 1)
        func x(_ second: Double) -> Double { Self.margin + second / end * (Self.width - 2 * Self.margin) }
        func y(_ value: Double) -> Double {
            Self.height - Self.margin - value / top * (Self.height - 2 * Self.margin)
        }
        func line(_ color: String, steps: Bool, _ value: (Play.Sample) -> Double) -> String {
            var points: [String] = []
            var before: Double?
            for sample in samples {
                let here = y(value(sample))
                if steps, let before { points.append("\(tenth(x(sample.second))),\(tenth(before))") }
                points.append("\(tenth(x(sample.second))),\(tenth(here))")
                before = here
            }
            return
                "<polyline fill=\"none\" stroke=\"\(color)\" stroke-width=\"1.5\" points=\"\(points.joined(separator: " "))\"/>"
        }
        let legend: [(color: String, text: String)] = [
            ("#888888", "requests in flight if none waits"), ("#1f77b4", "replicas ready"),
            ("#aec7e8", "replicas running"), ("#d62728", "requests waiting"),
        ]
        var parts = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(Int(Self.width)) \(Int(Self.height))\" font-family=\"sans-serif\" font-size=\"12\">",
            "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>",
            "<text x=\"\(Self.margin)\" y=\"20\" font-size=\"15\">\(title)</text>",
            "<path stroke=\"black\" fill=\"none\" d=\"M\(Self.margin) \(y(top)) V\(y(0)) H\(x(end))\"/>",
            "<text x=\"6\" y=\"\(tenth(y(top) + 4))\">\(tenth(top))</text>",
            "<text x=\"\(tenth(x(end) - 60))\" y=\"\(tenth(y(0) + 18))\">\(Int(end / 60)) min</text>",
            line("#aec7e8", steps: true) { Double($0.running) }, line("#888888", steps: false, \.offered),
            line("#d62728", steps: false, \.waiting), line("#1f77b4", steps: true) { Double($0.ready) },
        ]
        for (index, entry) in legend.enumerated() {
            let left = Self.margin + 120 + Double(index) * 190
            parts.append(
                "<text x=\"\(left)\" y=\"\(Self.height - 10)\" fill=\"\(entry.color)\">\(entry.text)</text>")
        }
        return parts.joined(separator: "\n") + "\n</svg>\n"
    }

    private func tenth(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
}
