// What a build or a replica tells its owner as a reason does not name the server's directories: programs that fail print
// the paths they were given.

import Foundation
import SlipwayCore
import SlipwayEngine

struct BuildText: Sendable {
    /// The longest first.
    private let paths: [String]

    init(_ configuration: LocalEngineConfiguration) {
        let given = [configuration.dataDirectory, configuration.toolsDirectory].compactMap(\.self)
        let real = given.map { URL(fileURLWithPath: $0).resolvingSymlinksInPath().path }
        paths = Set(given + real).filter { $0.count > 1 }.sorted { $0.count > $1.count }
    }

    func withoutPaths(_ text: String) -> String {
        if Wall.buildLogPaths.isRemoved { return text }
        return paths.reduce(text) { $0.replacing($1, with: "…") }
    }
}

extension EngineEvent {
    /// The same event; a reason names no directory of the server.
    func withoutPaths(_ text: BuildText) -> EngineEvent {
        guard case .phase(let id, let phase, let endpoint, let reason?) = self else { return self }
        return .phase(id, phase, endpoint: endpoint, reason: text.withoutPaths(reason))
    }
}
