// What this machine has: its CPUs and memory, and the GPUs that `nvidia-smi` knows.

import Foundation
import SlipwayCore

public enum LocalMachine {
    /// - Parameter work: a directory for the output of `nvidia-smi`.
    public static func discover(work: String) async -> Machine {
        Machine(
            millicpu: ProcessInfo.processInfo.activeProcessorCount * 1000,
            memoryMiB: Int(ProcessInfo.processInfo.physicalMemory >> 20), gpus: await gpus(work: work))
    }

    /// None where there is no `nvidia-smi`, or it cannot reach a driver.
    private static func gpus(work: String) async -> [GPU] {
        let environment = Command.buildEnvironment(home: work)
        let places = (environment["PATH"] ?? "").split(separator: ":").map { "\($0)/nvidia-smi" }
        guard let program = places.first(where: FileManager.default.isExecutableFile(atPath:)) else {
            return []
        }
        try? FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
        let result = try? await Command.run(
            [program, "--query-gpu=index,name,memory.total", "--format=csv,noheader,nounits"],
            environment: environment, directory: work, output: "\(work)/nvidia-smi-\(UUID().uuidString).log",
            timeout: .seconds(20))
        guard let result, result.code == 0 else { return [] }
        return result.tail.compactMap(gpu(fromLine:))
    }

    /// `0, NVIDIA A100-SXM4-80GB, 81920`
    static func gpu(fromLine line: String) -> GPU? {
        let fields = line.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        guard fields.count == 3, let index = Int(fields[0]), let memory = Int(fields[2]) else { return nil }
        return GPU(index: index, type: type(named: fields[1], memoryMiB: memory), memoryMiB: memory)
    }

    /// The name as configs have it: the maker and the form are left out, and the cards that come in two sizes of memory
    /// are told apart as the Truss config does.
    private static func type(named name: String, memoryMiB: Int) -> String {
        let words = name.split(separator: " ").filter { !["NVIDIA", "Tesla", "GeForce"].contains($0) }
        guard let first = words.first else { return name }
        if first == "RTX" || first == "Quadro" { return words.prefix(2).joined(separator: "_") }
        let model = String(first.split(separator: "-").first ?? first)
        let small = ["A100", "H100"].contains(model) && memoryMiB < 48 * 1024
        return small ? "\(model)_40GB" : model
    }
}
