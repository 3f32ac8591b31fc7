// Whether what a config names is in its archive, told before anything is unpacked.

import Foundation
import SlipwayCore

extension TrussArchive {
    /// What is wrong with the paths of a config, seen from the archive: links that lead out of it, and requirements
    /// that are missing or cannot be taken.
    /// - Returns: nil when nothing is.
    /// - Throws: `ArchiveError` when the archive cannot be read.
    public static func problem(
        with config: TrussConfig, in archive: String
    ) throws(ArchiveError) -> ConfigProblem? {
        let requirements = config.paths.first { $0.key == "requirements_file" && !$0.path.isEmpty }
        let contents = try Contents(archive: archive, keeping: requirements.map { pathParts(of: $0.path) })
        let model = config.paths.first { $0.key == "model_module_dir" }?.path ?? "model"
        let data = config.paths.first { $0.key == "data_dir" }?.path ?? "data"
        for path in config.paths {
            var parts = pathParts(of: path.path)
            if path.key == "model_class_filename" { parts = pathParts(of: model) + parts }
            if path.key.hasPrefix("external_data") { parts = pathParts(of: data) + parts }
            if contents.place(of: parts) == nil, !Wall.configPaths.isRemoved {
                return path.problem("must not lead out of the Truss through a link")
            }
        }
        guard let requirements, RequirementsFile.isOne(requirements.path) else { return nil }
        // Behind a link inside the archive it is looked at where it is used.
        if contents.place(of: pathParts(of: requirements.path)) != pathParts(of: requirements.path) {
            return nil
        }
        guard let text = contents.kept else {
            return requirements.problem("the archive has no file \(requirements.path)")
        }
        guard let problem = RequirementsFile(text).problems.first else { return nil }
        return requirements.problem("line \(problem.line) of \(requirements.path) \(problem.words)")
    }

    /// The links of an archive, and the text of one of its files.
    private struct Contents {
        private var links: [[String]: String] = [:]
        private(set) var kept: String?

        init(archive: String, keeping name: [String]?) throws(ArchiveError) {
            var reader = try TarReader(path: archive)
            var entries = 0
            while let entry = try reader.next() {
                entries += 1
                if entries > ArchiveLimits().entries { throw .tooManyEntries(limit: ArchiveLimits().entries) }
                let parts = pathParts(of: entry.name)
                if case .symbolicLink(let target) = entry.kind { links[parts] = target }
                guard entry.kind == .file, parts == name else { continue }
                guard entry.size <= Int64(largestConfig) else {
                    throw .unsafeName(entry.name, reason: "it is larger than \(largestConfig) bytes")
                }
                var data = Data()
                while data.count < Int(entry.size) { data += try reader.read(upTo: largestConfig) }
                kept = String(decoding: data, as: UTF8.self)
            }
        }

        /// As the kernel counts.
        private static let maxLinks = 40

        /// Where a path leads when links are followed; nil when that is outside, or nowhere.
        func place(of path: [String]) -> [String]? {
            var place: [String] = []
            var rest = Array(path.reversed())
            var followed = 0
            while let part = rest.popLast() {
                if part == ".." {
                    if place.popLast() == nil { return nil }
                    continue
                }
                place.append(part)
                guard let target = links[place] else { continue }
                followed += 1
                if followed > Self.maxLinks || target.utf8.first == slash { return nil }
                place.removeLast()
                rest += pathParts(of: target).reversed()
            }
            return place
        }
    }
}

extension RequirementsFile.Problem {
    /// After the name of a line: some messages are sentences of their own.
    fileprivate var words: String { message.hasPrefix("the option") ? "is refused: \(message)" : message }
}
