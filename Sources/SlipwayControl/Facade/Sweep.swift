// What nothing needs any more is removed right after the transaction that makes it so. A server that dies in between
// leaves it behind: logs and images are looked for at the start, archives every hour.

import Foundation
import SlipwayCore
import SlipwayStore

extension ControlPlane {
    private static let sweepInterval: Duration = .seconds(3600)

    /// Removes what earlier processes left, and goes on looking until the task is cancelled.
    func sweep() async {
        await archives.freezeAll()
        await sweepLogs()
        await sweepImages()
        while !Task.isCancelled {
            await sweepArchives()
            do { try await dependencies.sleep(Self.sweepInterval) } catch { return }
        }
    }

    private func sweepLogs() async {
        // Looked at first: what is written from now on belongs to deployments that are there.
        let written = logs.deployments()
        guard !written.isEmpty,
            let known = try? await store.read({ try $0.deploymentIDs() })
        else { return }
        for deployment in written where !known.contains(deployment) {
            await logs.remove(deployment: deployment)
        }
    }

    private func sweepImages() async {
        let images = await engine.images()
        guard !images.isEmpty,
            let used = try? await store.read({ try $0.imageIDs() })
        else { return }
        // Asked again one by one: a build may find the image and want it.
        for image in images where !used.contains(image) { await controller.free(image) }
    }

    /// The walk blocks on the disk, for long where there are many archives, so no task does it.
    private func sweepArchives() async {
        guard let sweep = dependencies.sweepArchives else { return }
        await withCheckedContinuation { continuation in
            DispatchQueue.global(qos: .utility).async { [store] in
                sweep { try store.readBlocking { try $0.archiveKeys() } }
                continuation.resume()
            }
        }
    }
}
