// A recorded load: requests per second at some moments, and in between what lies on the line.

import Foundation

struct Shape {
    let name: String
    private let points: [(second: Double, rate: Double)]

    /// - Parameter file: CSV with a heading line and rising seconds.
    init(file: URL) throws {
        name = file.deletingPathExtension().lastPathComponent
        points = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").dropFirst().map {
            line in
            let fields = line.split(separator: ",").compactMap { Double($0) }
            guard fields.count == 2 else { throw BadShape(file: file.path, line: String(line)) }
            return (fields[0], fields[1])
        }
        guard points.count > 1 else { throw BadShape(file: file.path, line: "") }
    }

    var seconds: Double { points[points.count - 1].second }

    func rate(at second: Double) -> Double {
        guard let next = points.firstIndex(where: { $0.second > second }) else { return points.last!.rate }
        guard next > 0 else { return points[0].rate }
        let (before, after) = (points[next - 1], points[next])
        let share = (second - before.second) / (after.second - before.second)
        return before.rate + (after.rate - before.rate) * share
    }
}

struct BadShape: Error, CustomStringConvertible {
    var file: String
    var line: String
    var description: String { "\(file): no shape: \(line)" }
}
