// Usage: autoscaling-simulation SHAPES PLOTS. Plays every CSV of a directory and prints its figures.

import Foundation
import SlipwayCore

let arguments = CommandLine.arguments
guard arguments.count == 3 else {
    FileHandle.standardError.write(Data("usage: autoscaling-simulation SHAPES PLOTS\n".utf8))
    exit(2)
}
let byRequests = AutoscalingSettings(
    minReplica: 0, maxReplica: 50, autoscalingWindow: 30, scaleDownDelay: 300, concurrencyTarget: 1)
// As an LLM server is set up: requests alone would call for one replica.
let byTokens = AutoscalingSettings(
    minReplica: 0, maxReplica: 50, autoscalingWindow: 30, scaleDownDelay: 300, concurrencyTarget: 100,
    targetInFlightTokens: 40_000)
try FileManager.default.createDirectory(atPath: arguments[2], withIntermediateDirectories: true)
let files = try FileManager.default.contentsOfDirectory(
    at: URL(fileURLWithPath: arguments[1]), includingPropertiesForKeys: nil)
for file in files.filter({ $0.pathExtension == "csv" }).sorted(by: { $0.path < $1.path }) {
    let shape = try Shape(file: file)
    let play = Play(shape, shape.hasTokens ? byTokens : byRequests)
    let plot = URL(fileURLWithPath: arguments[2]).appendingPathComponent("\(shape.name).svg")
    try Plot(title: "\(shape.name): window 30 s, delay 300 s, start 15 s", play: play).svg
        .write(to: plot, atomically: true, encoding: .utf8)
    func figure(_ name: String, _ value: Double, _ unit: String) {
        print("figure autoscaling_\(shape.name)_\(name) \((value * 100).rounded() / 100) \(unit)")
    }
    figure("mean_wait", play.waitedSeconds / max(1, play.requests), "s")
    figure("longest_wait", play.longestWait, "s")
    figure("replica_time", play.replicaSeconds / max(1, play.idealReplicaSeconds), "x_of_ideal")
    figure("changes", Double(play.changes), "decisions")
    print("plot \(plot.path)")
}
