// How the controller hears of what is stored, and what it forgets.

import SlipwayCore
import SlipwayStore

extension Controller {
    /// Brings the copy of the records up to what is stored.
    func read() async throws {
        // Taken before the read: a write in between makes what is read old at once.
        let version = store.version
        let oldest = PlantedBug.isPlanted(.trustsOldRecords) && version > 3 ? version - 3 : version
        if let readVersion, readVersion >= oldest { return }
        var rows = unread()
        if let rows, rows.isEmpty { return readVersion = version }
        for attempt in 1... {
            let reading = try await store.read { [rows] db in try RecordReading(rows, from: db) }
            // A transaction that was committed meanwhile may have changed both what was read and what was not. All
            // records together are always of one moment.
            let now = unread()
            if rows == nil || now == rows {
                take(records.apply(reading))
                return readVersion = version
            }
            rows = attempt < Self.partialReadings ? now : nil
        }
    }

    /// Rows that were changed since they were read; nil for all there are.
    private func unread() -> ChangedRows? {
        guard let readVersion, var rows = store.rows(changedAfter: readVersion) else { return nil }
        if PlantedBug.isPlanted(.missesChanges) { rows.remove(.environments) }
        return rows
    }

    /// Forgets what is gone, and remembers what of the table has to follow.
    func take(_ news: RecordNews) {
        unrouted.add(news)
        hasNews = true
        for id in news.removed {
            (histories[id], tokenHistories[id]) = (nil, nil)
        }
        for image in news.unused { forget(image) }
    }

    /// What is known of an image that nothing starts from and nothing runs.
    func forget(_ image: ImageID) {
        guard !records.uses(image), !replicas.values.contains(where: { $0.imageID == image }) else { return }
        images[image] = nil
        lostImages.remove(image)
    }

    /// The route of a deployment may be another by now.
    func noteRoute(of id: DeploymentID?) {
        if let id { unrouted.deployments.insert(id) }
    }

    /// Whether the table is about to follow.
    func isUnrouted(_ id: DeploymentID) -> Bool { unrouted.deployments.contains(id) }
}
