// The controller's copy of the records: kept by the changes of their rows, so that a change costs what it changes.

import SlipwayCore
import SlipwayGateway
import SlipwayStore

/// What was read of the store, in one transaction.
struct RecordReading: Sendable {
    /// The rows it is about; those of them that it has no record of are gone. Nil for everything there is.
    var rows: ChangedRows?
    var models: [Kept<ModelID>] = []
    var deployments: [Kept<Deployment>] = []
    var environments: [Kept<Environment>] = []
    var keys: [Kept<APIKeyRecord>] = []
    /// Those that run, and those that have succeeded and can still be taken back; nil where none has changed.
    var promotions: (running: [Promotion], watched: [Promotion])?
}

extension RecordReading {
    init(_ rows: ChangedRows?, from db: StoreReader) throws {
        self.init(rows: rows)
        models = try db.keptModels(wanted(.models))
        deployments = try db.keptDeployments(wanted(.deployments))
        environments = try db.keptEnvironments(wanted(.environments))
        keys = try db.keptAPIKeys(wanted(.apiKeys))
        // Few, and found by their own indexes.
        if rows?.contains(.promotions) ?? true {
            promotions = (try db.runningPromotions(), try db.watchedPromotions())
        }
    }

    /// The rows of a kind that it is about; nil for all.
    func wanted(_ kind: RecordKind) -> Set<Int64>? { rows.map { $0.rows[kind] ?? [] } }
}

/// What a reading has changed.
struct RecordNews: Sendable, Equatable {
    var models: Set<ModelID> = []
    /// Also those that are gone.
    var deployments: Set<DeploymentID> = []
    var removed: Set<DeploymentID> = []
    /// Deployments of an environment or a promotion that has changed: their routes may follow it.
    var affected: Set<DeploymentID> = []
    var keys: Set<KeyDigest> = []
    /// Images that no deployment starts from any more.
    var unused: Set<ImageID> = []

    var isEmpty: Bool { self == RecordNews() }
}

struct Records: Sendable {
    private struct EnvironmentKey: Hashable, Sendable {
        var model: ModelID
        var name: String
    }

    private(set) var models: Set<ModelID> = []
    /// Without the texts that only clients and builds read (`StoreReader.keptDeployments`).
    private(set) var deployments: [DeploymentID: Deployment] = [:]
    private(set) var grants: [KeyDigest: APIKeyGrant] = [:]
    /// Those that run.
    private(set) var promotions: [Promotion] = []
    /// Promotions that have succeeded and can still be taken back.
    private(set) var watches: [Promotion] = []
    /// Deployments that time alone may change: all but those at rest.
    private(set) var awake: Set<DeploymentID> = []
    /// Models with an environment whose settings follow the time of day.
    private(set) var scheduled: Set<ModelID> = []

    private var environmentsByModel: [ModelID: [Environment]] = [:]
    private var imageUses: [ImageID: Int] = [:]
    private var modelRows = RowMap<ModelID>()
    private var deploymentRows = RowMap<DeploymentID>()
    private var environmentRows = RowMap<EnvironmentKey>()
    private var keyRows = RowMap<KeyDigest>()

    /// Oldest first.
    func environments(of model: ModelID) -> [Environment] { environmentsByModel[model] ?? [] }

    func uses(_ image: ImageID) -> Bool { imageUses[image] != nil }

    /// The rows it has records of, to be compared with the store's.
    var rows: ChangedRows {
        ChangedRows(
            [
                .models: modelRows.rows, .deployments: deploymentRows.rows,
                .environments: environmentRows.rows, .apiKeys: keyRows.rows,
            ].filter { !$0.value.isEmpty })
    }

    // MARK: Changes

    /// Takes over what was read.
    /// - Returns: what is different now.
    mutating func apply(_ reading: RecordReading) -> RecordNews {
        var news = RecordNews()
        applyModels(reading, &news)
        applyDeployments(reading, &news)
        applyEnvironments(reading, &news)
        applyKeys(reading, &news)
        if let (running, watched) = reading.promotions {
            note(promotions + watches, running + watched, &news)
            (promotions, watches) = (running, watched)
        }
        return news
    }

    private mutating func applyModels(_ reading: RecordReading, _ news: inout RecordNews) {
        let gone = modelRows.apply(
            reading.models.map { ($0.row, $0.record) }, reading.wanted(.models))
        for id in gone where models.remove(id) != nil { news.models.insert(id) }
        for kept in reading.models where models.insert(kept.record).inserted {
            news.models.insert(kept.record)
        }
    }

    private mutating func applyDeployments(_ reading: RecordReading, _ news: inout RecordNews) {
        let gone = deploymentRows.apply(
            reading.deployments.map { ($0.row, $0.record.id) }, reading.wanted(.deployments))
        for id in gone {
            guard let old = deployments.removeValue(forKey: id) else { continue }
            news.removed.insert(id)
            note(old, nil, &news)
        }
        for kept in reading.deployments {
            let old = deployments.updateValue(kept.record, forKey: kept.record.id)
            if old != kept.record { note(old, kept.record, &news) }
        }
    }

    private mutating func note(_ old: Deployment?, _ new: Deployment?, _ news: inout RecordNews) {
        guard let id = (new ?? old)?.id else { return }
        news.deployments.insert(id)
        if let new, !new.isAtRest { awake.insert(id) } else { awake.remove(id) }
        guard old?.imageID != new?.imageID else { return }
        if let image = new?.imageID {
            imageUses[image, default: 0] += 1
            news.unused.remove(image)
        }
        if let image = old?.imageID {
            let left = (imageUses[image] ?? 0) - 1
            assert(left >= 0, "an image was used by fewer deployments than gave it up")
            imageUses[image] = left > 0 ? left : nil
            if left <= 0 { news.unused.insert(image) }
        }
    }

    private mutating func applyEnvironments(_ reading: RecordReading, _ news: inout RecordNews) {
        func key(_ environment: Environment) -> EnvironmentKey {
            EnvironmentKey(model: environment.modelID, name: environment.name)
        }
        let gone = environmentRows.apply(
            reading.environments.map { ($0.row, key($0.record)) }, reading.wanted(.environments))
        for key in gone { set(nil, key, &news) }
        for kept in reading.environments { set(kept.record, key(kept.record), &news) }
    }

    private mutating func set(_ new: Environment?, _ key: EnvironmentKey, _ news: inout RecordNews) {
        var all = environmentsByModel[key.model] ?? []
        let index = all.firstIndex { $0.name == key.name }
        let old = index.map { all[$0] }
        guard old != new else { return }
        if let index { all.remove(at: index) }
        if let new {
            let place = all.firstIndex { ($0.createdAt, $0.name) > (new.createdAt, new.name) } ?? all.count
            all.insert(new, at: place)
        }
        environmentsByModel[key.model] = all.isEmpty ? nil : all
        if all.contains(where: { !$0.schedules.schedules.isEmpty }) {
            scheduled.insert(key.model)
        } else {
            scheduled.remove(key.model)
        }
        news.models.insert(key.model)
        news.affected.formUnion([old?.currentDeploymentID, new?.currentDeploymentID].compactMap(\.self))
    }

    private mutating func applyKeys(_ reading: RecordReading, _ news: inout RecordNews) {
        let kept = reading.keys.compactMap { kept in
            KeyText.bytes(hex: kept.record.digest).map { (kept.row, KeyDigest(bytes: $0), kept.record.grant) }
        }
        for digest in keyRows.apply(kept.map { ($0.0, $0.1) }, reading.wanted(.apiKeys))
        where grants.removeValue(forKey: digest) != nil {
            news.keys.insert(digest)
        }
        for (_, digest, grant) in kept where grants.updateValue(grant, forKey: digest) != grant {
            news.keys.insert(digest)
        }
    }

    /// Routes of both sides and of the model follow a promotion.
    private func note(_ old: [Promotion], _ new: [Promotion], _ news: inout RecordNews) {
        let before = Dictionary(old.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let after = Dictionary(new.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        for promotion in old + new where before[promotion.id] != after[promotion.id] {
            news.models.insert(promotion.modelID)
            news.affected.formUnion(promotion.sides)
        }
    }
}

/// Which record is in which row.
private struct RowMap<Key: Hashable & Sendable>: Sendable {
    private var keys: [Int64: Key] = [:]

    var rows: Set<Int64> { Set(keys.keys) }

    /// - Parameters:
    ///   - found: the records that were read, with their rows.
    ///   - wanted: the rows that were looked for; nil for all.
    /// - Returns: what is in no row any more.
    mutating func apply(_ found: [(row: Int64, key: Key)], _ wanted: Set<Int64>?) -> Set<Key> {
        var gone = Set<Key>()
        // A row may have got another record meanwhile.
        for row in wanted ?? rows {
            if let key = keys.removeValue(forKey: row) { gone.insert(key) }
        }
        for (row, key) in found {
            keys[row] = key
            gone.remove(key)
        }
        return gone
    }
}
