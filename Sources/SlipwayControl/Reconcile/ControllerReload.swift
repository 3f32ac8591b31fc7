// Hot reload: running replicas take changed code without a restart, where the model server can (Truss swaps the class
// of the live model; `load()` is not called again).

import Foundation
import NIOCore
import SlipwayCore
import SlipwayEngine

enum HotReload: Sendable, Equatable {
    /// The replicas run the new code.
    case done
    /// They cannot take it in place: they have to be replaced.
    case impossible
    /// The model server refused the code and goes on with what it had.
    case refused(reason: String)
}

extension Controller {
    private static let reloadTimeout: TimeAmount = .seconds(60)
    private static let longestAnswer = 64 << 10

    /// Lets every replica of a deployment take the files; meanwhile nothing else is decided about the deployment.
    /// - Parameters:
    ///   - image: built from the changed source; the replicas count as started from it from now on.
    ///   - commit: stores the deployment with the new image; false when it was changed by somebody else.
    func hotReload(
        _ id: DeploymentID, to image: ImageID, _ files: [SourceFile],
        commit: @Sendable () async throws -> Bool
    ) async throws -> HotReload {
        let mine = replicas.values.filter {
            $0.deploymentID == id && $0.drainingSince == nil && !$0.hasExited
        }
        guard !mine.isEmpty, mine.allSatisfy({ $0.phase == .ready }), held.insert(id).inserted else {
            return .impossible
        }
        // Those that may run the new code. They run on only if it becomes the deployment's.
        var changed: [ReplicaID] = []
        defer {
            for replica in changed { replicas[replica]?.isMixed = true }
            held.remove(id)
            inbox.ring()
        }
        for replica in mine {
            guard await engine.replaceFiles(of: replica.id, files, image: image) else { return .impossible }
        }
        for replica in mine {
            changed.append(replica.id)
            if let reason = try await reload(replica) {
                // This one goes on with what it had.
                changed.removeLast()
                return .refused(reason: reason)
            }
        }
        guard try await commit() else { return .impossible }
        changed = []
        for replica in mine {
            // The files it was started from are still below what it sees.
            replicas[replica.id]?.earlierImages.insert(replica.imageID)
            replicas[replica.id]?.imageID = image
            await engine.confirmFiles(of: replica.id)
        }
        noteRoute(of: id)
        return .done
    }

    /// Why the replica did not take the code; nil when it did.
    private func reload(_ replica: Replica) async throws -> String? {
        guard let endpoint = replica.endpoint else { return "The replica has no address." }
        let answer = try await http.call(
            ReplicaCall(.POST, "/hot-reload", maxAnswer: Self.longestAnswer), at: endpoint,
            timeout: Self.reloadTimeout)
        let text = String(buffer: answer.body)
        if answer.status == 200 { return nil }
        struct Failure: Decodable { var error: String }
        let error = (try? JSONDecoder().decode(Failure.self, from: Data(text.utf8)))?.error
        return "The hot reload failed: \(error ?? "the model server answered \(answer.status)")"
    }
}
