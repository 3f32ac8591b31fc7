// The controller's copy follows the store by rows, and the routing table follows the copy.

import SlipwayCore
import SlipwayEngine
import SlipwayGateway
import SlipwayStore
import Testing

@testable import SlipwayControl

struct RecordsTests {
    private static let now = Timestamp(microseconds: 1_790_000_000_000_000)

    private static func deployment(_ id: String, _ model: String = "m", image: String? = nil) -> Deployment {
        Deployment(
            id: DeploymentID(id), modelID: ModelID(model), name: id, createdAt: now, isDevelopment: false,
            archiveKey: "", rawConfig: nil, configJSON: "", instanceTypeID: "1x2", status: .active,
            imageID: image.map { ImageID($0) })
    }

    private static func reading(
        _ rows: ChangedRows?, _ deployments: [(Int64, Deployment)] = []
    ) -> RecordReading {
        var reading = RecordReading(rows: rows)
        reading.deployments = deployments.map { Kept(row: $0, record: $1) }
        return reading
    }

    @Test("a row that is gone takes its record along, and one that got another record its old one")
    func rowsAreReused() {
        var records = Records()
        _ = records.apply(Self.reading(nil, [(1, Self.deployment("a")), (2, Self.deployment("b"))]))
        let rows = ChangedRows([.deployments: [1, 2]])
        let news = records.apply(Self.reading(rows, [(2, Self.deployment("c"))]))
        #expect(Set(records.deployments.keys) == [DeploymentID("c")])
        #expect(news.removed == [DeploymentID("a"), DeploymentID("b")])
        #expect(news.deployments == [DeploymentID("a"), DeploymentID("b"), DeploymentID("c")])
        // The same record in another row is there still.
        let moved = records.apply(
            Self.reading(ChangedRows([.deployments: [2, 3]]), [(3, Self.deployment("c"))]))
        #expect(moved.isEmpty && records.deployments.count == 1)
        let again = records.apply(
            Self.reading(ChangedRows([.deployments: [3]]), [(3, Self.deployment("c"))]))
        #expect(again.isEmpty)
    }

    @Test("an image is told to be unused with the last deployment that starts from it")
    func imageUses() {
        var records = Records()
        let both = [(Int64(1), Self.deployment("a", image: "i")), (2, Self.deployment("b", image: "i"))]
        let first = records.apply(Self.reading(nil, both))
        #expect(first.unused.isEmpty)
        let one = records.apply(
            Self.reading(ChangedRows([.deployments: [1]]), [(1, Self.deployment("a", image: "j"))]))
        #expect(one.unused.isEmpty && records.uses(ImageID("i")))
        let other = records.apply(Self.reading(ChangedRows([.deployments: [2]])))
        #expect(other.unused == [ImageID("i")] && !records.uses(ImageID("i")) && records.uses(ImageID("j")))
    }

    @Test("what is at rest is not among those that passes look at")
    func rest() {
        var sleeping = Self.deployment("a", image: "i")
        (sleeping.status, sleeping.desired) = (.scaledToZero, .zero)
        var records = Records()
        _ = records.apply(Self.reading(nil, [(1, sleeping), (2, Self.deployment("b"))]))
        #expect(records.awake == [DeploymentID("b")])
        sleeping.desired = .running
        _ = records.apply(Self.reading(ChangedRows([.deployments: [1]]), [(1, sleeping)]))
        #expect(records.awake == [DeploymentID("a"), DeploymentID("b")])
    }

    /// A store in miniature that changes at random.
    private struct Shop {
        var random: any RandomNumberGenerator
        var models: [Int64: ModelID] = [:]
        var deployments: [Int64: Deployment] = [:]
        var environments: [Int64: Environment] = [:]
        var keys: [Int64: APIKeyRecord] = [:]
        var promotions: [Promotion] = []
        var replicas: [Replica] = []
        var next: Int64 = 0

        mutating func number(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }

        mutating func pick<Value>(_ map: [Int64: Value]) -> (Int64, Value)? {
            let keys = map.keys.sorted()
            if keys.isEmpty { return nil }
            let key = keys[number(keys.count)]
            return map[key].map { (key, $0) }
        }

        mutating func row() -> Int64 {
            next += 1
            return next
        }

        /// - Returns: the rows that have changed, and deployments whose replicas have.
        mutating func change() -> (ChangedRows, Set<DeploymentID>) {
            var rows = ChangedRows()
            var observed: Set<DeploymentID> = []
            for _ in 0...number(3) { change(&rows, &observed) }
            return (rows, observed)
        }

        private mutating func change(_ rows: inout ChangedRows, _ observed: inout Set<DeploymentID>) {
            switch number(10) {
            case 0:
                let row = row()
                models[row] = ModelID("m\(row)")
                rows.add(row, .models)
            case 1:
                guard number(4) == 0, let (row, id) = pick(models) else { return }
                models[row] = nil
                rows.add(row, .models)
                for (row, deployment) in deployments where deployment.modelID == id {
                    deployments[row] = nil
                    rows.add(row, .deployments)
                }
                for (row, environment) in environments where environment.modelID == id {
                    environments[row] = nil
                    rows.add(row, .environments)
                }
                promotions.removeAll { $0.modelID == id }
                rows.add(0, .promotions)
            case 2, 3:
                guard let (_, model) = pick(models) else { return }
                let row = row()
                deployments[row] = RecordsTests.deployment("d\(row)", model.text, image: "i\(number(3))")
                let isFirst = !deployments.values.contains { $0.modelID == model && $0.isDevelopment }
                let isDevelopment = number(5) == 0 && isFirst
                deployments[row]?.isDevelopment = isDevelopment
                rows.add(row, .deployments)
            case 4:
                guard let (row, _) = pick(deployments) else { return }
                let statuses: [DeploymentStatus] = [.active, .scaledToZero, .failed, .unhealthy, .inactive]
                let (status, target) = (statuses[number(statuses.count)], number(3) == 0 ? 500 : nil)
                deployments[row]?.status = status
                deployments[row]?.autoscaling.targetInFlightTokens = target
                rows.add(row, .deployments)
            case 5:
                guard let (row, gone) = pick(deployments) else { return }
                deployments[row] = nil
                rows.add(row, .deployments)
                promotions.removeAll { $0.candidateID == gone.id }
                rows.add(0, .promotions)
            case 6:
                guard let (_, model) = pick(models) else { return }
                let row = row()
                environments[row] = Environment(modelID: model, name: "e\(row)", createdAt: RecordsTests.now)
                rows.add(row, .environments)
            case 7:
                guard let (row, environment) = pick(environments) else { return }
                let own = deployments.filter { $0.value.modelID == environment.modelID }
                let current = pick(own)?.1.id
                let policy: BackpressurePolicy? = number(2) == 0 ? .rejectOnFull : nil
                environments[row]?.currentDeploymentID = current
                environments[row]?.backpressure = policy
                rows.add(row, .environments)
            case 8:
                guard let (_, deployment) = pick(deployments) else { return }
                promote(deployment)
                rows.add(0, .promotions)
            default:
                guard let (_, deployment) = pick(deployments) else { return }
                replicas.removeAll { $0.deploymentID == deployment.id }
                let phases: [ReplicaPhase] = [.ready, .unhealthy, .loading]
                for replica in 0..<number(3) {
                    replicas.append(
                        Replica(
                            id: ReplicaID("r\(deployment.id)-\(replica)"), deploymentID: deployment.id,
                            imageID: ImageID("i"), phase: phases[number(3)], startedAt: RecordsTests.now,
                            endpoint: ReplicaEndpoint(host: "127.0.0.1", port: 1 + replica)))
                }
                observed.insert(deployment.id)
            }
        }

        private mutating func promote(_ candidate: Deployment) {
            if number(2) == 0, !promotions.isEmpty {
                promotions.remove(at: number(promotions.count))
                return
            }
            let previous = pick(deployments.filter { $0.value.modelID == candidate.modelID })?.1
            var promotion = Promotion(
                id: PromotionID("p\(row())"), modelID: candidate.modelID, environment: "e\(number(20))",
                candidateID: candidate.id, previousID: previous?.id, scaleDownPrevious: true,
                candidateIsCopy: false, createdAt: RecordsTests.now)
            promotion.rollout.percent = number(3) * 50
            promotions.append(promotion)
        }

        func reading(_ rows: ChangedRows?) -> RecordReading {
            func kept<Record>(_ all: [Int64: Record], _ kind: RecordKind) -> [Kept<Record>] {
                all.filter { rows == nil || rows?.rows[kind]?.contains($0.key) == true }
                    .map { Kept(row: $0, record: $1) }
            }
            var reading = RecordReading(rows: rows)
            reading.models = kept(models, .models)
            reading.deployments = kept(deployments, .deployments)
            reading.environments = kept(environments, .environments)
            if rows?.contains(.promotions) ?? true { reading.promotions = (promotions, []) }
            return reading
        }
    }

    @Test("the table that follows changes is the one that is made of everything", arguments: 0..<20)
    func follows(seed: Int) {
        var shop = Shop(random: SeededGenerator(seed: UInt64(seed)))
        var (records, keeper) = (Records(), RouteKeeper())
        for _ in 0..<150 {
            let (rows, touched) = shop.change()
            var changes = RouteChanges()
            changes.add(records.apply(shop.reading(rows)))
            changes.deployments.formUnion(touched)
            // As the controller does: shares depend on both sides.
            for promotion in records.promotions {
                changes.models.insert(promotion.modelID)
                changes.deployments.formUnion(
                    promotion.sides)
            }
            let observed = ObservedReplicas(replicas: shop.replicas, images: [:], looping: [])
            _ = keeper.follow(changes, records, observed)

            var (all, whole, everything) = (Records(), RouteKeeper(), RouteChanges())
            everything.add(all.apply(shop.reading(nil)))
            _ = whole.follow(everything, all, observed)
            #expect(keeper.table.models == whole.table.models)
            #expect(keeper.table.deployments == whole.table.deployments)
            #expect(keeper.table.served == whole.table.served)
            #expect(keeper.table.countingTokens == whole.table.countingTokens)
            #expect(records.awake == all.awake && records.models == all.models)
        }
    }
}

private struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }
    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
