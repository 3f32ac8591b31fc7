// What the gateway and the façade are told: the routing table, and which replicas answer.

import SlipwayCore
import SlipwayEngine
import SlipwayGateway

extension Controller {
    func publish() async throws {
        try await read()
        await lookUpImages()
        route()
    }

    /// Tells the gateway and the façade what the records and the replicas are now.
    func route() {
        publishBoard()
        tellWatchers()
        var changes = unrouted
        // Their shares depend on what is ready on both sides.
        for promotion in records.promotions {
            changes.models.insert(promotion.modelID)
            changes.deployments.formUnion(promotion.sides)
        }
        unrouted = RouteChanges()
        guard !changes.isEmpty || !hasPublished else { return }
        let isNew = routes.follow(changes, records, observed())
        if isNew || !hasPublished { gateway.publish(routes.table) }
        hasPublished = true
    }

    /// Before the shares of promotions are added, which are looked at in every pass.
    private func tellWatchers() {
        guard hasNews || !unrouted.isEmpty else { return }
        hasNews = false
        let owners = unrouted.deployments.map { records.deployments[$0]?.modelID }
        feed.note(
            models: unrouted.models.union(owners.compactMap(\.self)),
            andUnknown: owners.isEmpty || owners.contains(nil))
    }

    func observed() -> ObservedReplicas {
        ObservedReplicas(
            replicas: replicas.values, images: images,
            looping: Set(crashes.filter(\.value.isLoop).keys))
    }

    /// What is missing is looked for again in every pass: a build may bring it back. Of what rests nothing is asked.
    func lookUpImages() async {
        var wanted: [ImageID: [DeploymentID]] = [:]
        for id in subjects {
            guard let image = records.deployments[id]?.imageID else { continue }
            if images[image] == nil || lostImages.contains(image) { wanted[image, default: []].append(id) }
        }
        for (image, users) in wanted.sorted(by: { $0.key < $1.key }) {
            // Where the engine cannot tell, what was built must not be given up.
            guard let found = try? await engine.image(image) as BuiltImage?? else { continue }
            if let found {
                images[image] = found
                lostImages.remove(image)
                for id in users { noteRoute(of: id) }
            } else {
                lostImages.insert(image)
            }
        }
    }

    func publishBoard() {
        board.publish(
            replicas.values.sorted { $0.id < $1.id }.reduce(into: [:]) { ready, replica in
                guard replica.phase == .ready, replica.drainingSince == nil, let endpoint = replica.endpoint
                else { return }
                let image = images[replica.imageID]
                ready[replica.deploymentID, default: []].append(
                    ReadyReplica(
                        id: replica.id, endpoint: endpoint,
                        predictPath: image?.predictPath ?? BuiltImage.trussPredictPath,
                        concurrency: image?.predictConcurrency ?? 1))
            })
    }
}
