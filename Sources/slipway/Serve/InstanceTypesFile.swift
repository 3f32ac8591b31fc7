// The operator's catalogue of instance types, a YAML file:
//
//     instance_types:
//       - id: 4x16
//         cpu: 4
//         memory: 16Gi
//       - id: L4x8x32
//         name: L4 with 8 vCPU
//         cpu: 8
//         memory: 32Gi
//         gpu: {type: L4, count: 1, memory: 24Gi}
//         price_per_minute: 0.01

import SlipwayCore
import Yams

enum InstanceTypesFile {
    private struct Document: Decodable {
        var instance_types: [Entry]
    }

    private struct Entry: Decodable {
        var id: String
        var name: String?
        var cpu: Double
        var memory: String
        var gpu: Cards?
        var price_per_minute: Double?
    }

    private struct Cards: Decodable {
        var type: String
        var count: Int?
        var memory: String?
    }

    /// - Throws: `SettingsError` naming the file and the entry.
    static func read(_ file: String) throws(SettingsError) -> InstanceCatalogue {
        let document: Document
        do {
            document = try YAMLDecoder().decode(
                Document.self, from: String(contentsOfFile: file, encoding: .utf8))
        } catch let error as DecodingError {
            throw SettingsError(description: "\(file): \(describe(error))")
        } catch {
            throw SettingsError(description: "The instance types in \(file) cannot be read: \(error)")
        }
        guard !document.instance_types.isEmpty else {
            throw SettingsError(description: "\(file): instance_types is empty.")
        }
        var types: [InstanceType] = []
        for (index, entry) in document.instance_types.enumerated() {
            let place = "\(file): instance_types[\(index)]"
            guard !types.contains(where: { $0.id == entry.id }) else {
                throw SettingsError(description: "\(place).id: \(entry.id) is there twice.")
            }
            types.append(try type(entry, place))
        }
        return InstanceCatalogue(types: types)
    }

    private static func type(_ entry: Entry, _ place: String) throws(SettingsError) -> InstanceType {
        let isPlain = entry.id.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        guard isPlain, (1...100).contains(entry.id.utf8.count) else {
            throw SettingsError(
                description: "\(place).id must be 1 to 100 printable characters without spaces.")
        }
        guard entry.cpu >= 0.1, entry.cpu <= 4096 else {
            throw SettingsError(description: "\(place).cpu must be from 0.1 to 4096, not \(entry.cpu).")
        }
        let count = entry.gpu?.count ?? (entry.gpu == nil ? 0 : 1)
        if entry.gpu != nil, !(1...64).contains(count) {
            throw SettingsError(description: "\(place).gpu.count must be from 1 to 64, not \(count).")
        }
        var type = InstanceType(
            id: entry.id, name: entry.name ?? entry.id, millicpu: Int(entry.cpu * 1000),
            memoryMiB: try mebibytes(entry.memory, "\(place).memory"), gpuCount: count,
            gpuType: entry.gpu?.type)
        if let memory = entry.gpu?.memory { type.gpuMemoryMiB = try mebibytes(memory, "\(place).gpu.memory") }
        if let price = entry.price_per_minute {
            guard price >= 0, price.isFinite else {
                throw SettingsError(description: "\(place).price_per_minute must not be negative.")
            }
            type.pricePerMinute = price
        }
        return type
    }

    private static func mebibytes(_ text: String, _ place: String) throws(SettingsError) -> Int {
        let units: [(suffix: String, mebibytes: Double)] = [("Mi", 1), ("Gi", 1024), ("Ti", 1024 * 1024)]
        for unit in units where text.hasSuffix(unit.suffix) {
            if let number = Double(text.dropLast(2)), number > 0, number * unit.mebibytes < 1e9 {
                return Int(number * unit.mebibytes)
            }
        }
        throw SettingsError(
            description: "\(place): expected a size such as 512Mi or 16Gi, found \"\(text)\".")
    }

    private static func describe(_ error: DecodingError) -> String {
        func path(_ context: DecodingError.Context) -> String {
            context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }.joined()
                .trimmingPrefix(".").description
        }
        switch error {
        case .keyNotFound(let key, let context):
            return "\(path(context)): \(key.stringValue) is missing."
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            return "\(path(context)): \(context.debugDescription)"
        @unknown default: return "\(error)"
        }
    }
}
