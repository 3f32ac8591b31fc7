// When an image may go. Images are found by content, so a build may return one that nothing used a moment ago: while an
// image is freed no build begins, and while a build is not stored yet nothing is freed.

import SlipwayCore
import SlipwayEngine

extension Controller {
    /// Frees an image as soon as nothing can need it any more; leaves it where a deployment uses it.
    func free(_ image: ImageID) async {
        while !(await freeNow(image)) {
            do { try await dependencies.sleep(.seconds(1)) } catch { return }
        }
    }

    private func isNeeded(_ image: ImageID) -> Bool {
        unstoredBuilds > 0 || hasReplica(of: image)
            || builds.values.contains { $0.observation == .running || $0.observation == .succeeded(image) }
    }

    /// - Returns: false when that cannot be decided yet.
    private func freeNow(_ image: ImageID) async -> Bool {
        if isNeeded(image) { return false }
        freeing += 1
        defer {
            freeing -= 1
            inbox.ring()
        }
        guard let isUsed = try? await store.read({ try $0.usesImage(image) }) else { return false }
        if !isUsed { await engine.removeImage(image) }
        return true
    }

    /// Carries out `body`, which builds an image and stores what uses it.
    func keepingImages<Result>(_ body: () async throws -> Result) async throws -> Result {
        while freeing > 0 { try await dependencies.sleep(.milliseconds(20)) }
        unstoredBuilds += 1
        defer { unstoredBuilds -= 1 }
        return try await body()
    }

    private func hasReplica(of image: ImageID) -> Bool {
        replicas.values.contains { $0.imageID == image || $0.earlierImages.contains(image) }
    }
}
