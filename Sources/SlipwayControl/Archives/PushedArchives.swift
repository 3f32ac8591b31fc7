// Archives as they were pushed: frozen at the push, and checked whenever they are read again.

import Foundation
import SlipwayCore
import SlipwayStore
import Synchronization

/// An archive whose bytes are not those that were pushed.
struct ChangedArchive: Error, CustomStringConvertible {
    var description: String {
        "The archive is not the one that was pushed: the data directory was changed or is damaged. Push again."
    }
}

struct PushedArchives: Sendable {
    let store: Store
    let dependencies: ControlDependencies

    /// Where an archive lies, after a check that its bytes are those that were pushed.
    /// - Returns: nil when it is gone.
    /// - Throws: `ChangedArchive`, or what the disk says.
    func path(_ key: String) async throws -> String? {
        // Simulated archives have no bytes.
        guard dependencies.freezeArchive != nil else { return dependencies.archivePath(key) }
        let digest = try await store.read { try $0.archiveDigest(key) }
        return try await dependencies.blocking { [dependencies] in
            guard let path = dependencies.archivePath(key) else { return nil }
            if let digest, !Wall.frozenArchives.isRemoved, try !dependencies.isArchiveIntact(key, digest) {
                throw ChangedArchive()
            }
            return path
        }
    }

    /// Ends the uploads of an archive for good.
    /// - Returns: its digest, for `keepArchiveDigest`; nil where archives are not kept.
    func freeze(_ key: String) async throws -> String? {
        guard let freeze = dependencies.freezeArchive else { return nil }
        return try await dependencies.blocking { try freeze(key) }
    }

    /// Freezes what an earlier version took in, and what a restored backup brought.
    func freezeAll() async {
        guard dependencies.freezeArchive != nil, let keys = try? await store.read({ try $0.archiveKeys() })
        else { return }
        for key in keys {
            if Task.isCancelled { return }
            // What cannot be read now is tried again at the next start, and refused when it is needed.
            if let known = try? await store.read({ try $0.archiveDigest(key) != nil }), known {
                _ = try? await dependencies.blocking { [dependencies] in try dependencies.endUploads(key) }
                continue
            }
            guard let digest = try? await freeze(key) else { continue }
            _ = try? await store.write { db in
                if try db.usesArchive(key) { _ = try db.keepArchiveDigest(digest, of: key) }
            }
        }
    }
}

extension ControlPlane {
    /// - Throws: `ControlError.notFound` when the archive of a deployment is gone, `.validation` when its bytes are not
    ///   those that were pushed.
    public func requireArchive(of deployment: Deployment) async throws {
        do {
            guard try await archives.path(deployment.archiveKey) != nil else {
                throw ControlError.notFound("The archive of deployment \(deployment.id) is gone.")
            }
        } catch let changed as ChangedArchive {
            throw ControlError.validation(changed.description)
        }
    }
}

extension ControlDependencies {
    /// The result of work that waits for the disk, or computes for long.
    func blocking<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
        let outcome = Outcome<Result>()
        await runBlocking {
            let result = Swift.Result { try work() }
            outcome.value.withLock { $0 = result }
        }
        guard let result = outcome.value.withLock({ $0 }) else { throw CancellationError() }
        return try result.get()
    }
}

private final class Outcome<Value: Sendable>: Sendable {
    let value = Mutex<Result<Value, any Error>?>(nil)
}
