// A recorded load: requests per second at some moments, and in between what lies on the line; of shapes with tokens also
// how many each request has in flight.

import Foundation

struct Shape {
    let name: String
    private struct Point {
        var second: Double
        var rate: Double
        var tokens: Double
    }

    private let points: [Point]
    /// Whether requests have tokens.
    let hasTokens: Bool

    /// - Parameter file: CSV with a heading line and rising seconds.
    init(file: URL) throws {
        name = file.deletingPathExtension().lastPathComponent
        points = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").dropFirst().map {
            line in
            let fields = line.split(separator: ",").compactMap { Double($0) }
            guard (2...3).contains(fields.count) else { throw BadShape(file: file.path, line: String(line)) }
            return Point(
                second: fields[0], rate: fields[1], tokens: fields.count == 3 ? fields[2] : 0)
        }
        hasTokens = points.contains { $0.tokens > 0 }
        guard points.count > 1 else { throw BadShape(file: file.path, line: "") }
    }

    var seconds: Double { points[points.count - 1].second }

    func rate(at second: Double) -> Double { value(\.rate, at: second) }

    /// Tokens of each request.
    func tokens(at second: Double) -> Double { value(\.tokens, at: second) }

    private func value(_ value: KeyPath<Point, Double>, at second: Double) -> Double {
        guard let next = points.firstIndex(where: { $0.second > second }) else {
            return points[points.count - 1][keyPath: value]
        }
        guard next > 0 else { return points[0][keyPath: value] }
        let (before, after) = (points[next - 1], points[next])
        let share = (second - before.second) / (after.second - before.second)
        return before[keyPath: value] + (after[keyPath: value] - before[keyPath: value]) * share
    }
}

struct BadShape: Error, CustomStringConvertible {
    var file: String
    var line: String
    var description: String { "\(file): no shape: \(line)" }
}
