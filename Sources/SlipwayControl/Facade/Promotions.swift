// Starting promotions: behaviour.md section 3.

import SlipwayCore
import SlipwayStore

extension ControlPlane {
    /// Begins a promotion and returns the deployment that will serve: the source itself, or the copy made of it.
    /// Everything is decided and stored in one transaction.
    /// - Throws: `ControlError` as in behaviour.md section 3.5.
    public func promote(
        _ selector: DeploymentSelector, of model: ModelID, to environmentName: String,
        _ options: PromoteOptions, by caller: Caller
    ) async throws -> DeploymentView {
        let now = now
        let operation = try options.canonical(selector, of: model, to: environmentName)
        let view = try await store.write { [self] db in
            if let made = try db.alreadyMade(operation, by: caller) {
                return try self.view(of: db.existing(.id(DeploymentID(made)), of: model), in: db)
            }
            let (source, environment) = try subjects(selector, of: model, to: environmentName, in: db)
            let candidate = try beginPromotion(
                of: source, to: environment, options, by: caller, in: db, at: now)
            try db.remember(operation, made: candidate.id.text, by: caller, at: now)
            return try self.view(of: candidate, in: db)
        }
        await controller.settle()
        return view
    }

    /// What is promoted, and where to.
    func subjects(
        _ selector: DeploymentSelector, of model: ModelID, to environmentName: String, in db: StoreReader
    ) throws -> (Deployment, Environment) {
        let source = try db.existing(selector, of: model)
        if environmentName == "development" {
            throw ControlError.validation(
                "A deployment cannot be promoted to development; push to it instead.")
        }
        return (source, try db.existing(environmentName, of: model))
    }

    /// The part of a promotion inside the transaction; a push with an environment uses it too.
    func beginPromotion(
        of source: Deployment, to environment: Environment, _ options: PromoteOptions, by caller: Caller,
        in db: StoreWriter, at now: Timestamp
    ) throws -> Deployment {
        try db.requireManageable(environment.name, of: source.modelID, by: caller)
        if source.status.verdict(on: .promote, isDevelopment: source.isDevelopment) == .refused {
            let advice = source.status == .inactive ? " Activate it first." : ""
            throw ControlError.validation(
                "Deployment \(source.id) is \(source.status.rawValue) and cannot be promoted.\(advice)")
        }
        if try db.runningPromotion(into: environment.name, of: source.modelID) != nil {
            throw ControlError.validation(
                "Environment \(environment.name) already has an in progress promotion.")
        }
        if environment.currentDeploymentID == source.id, !environment.promotionSettings.redeployOnPromotion {
            return source
        }

        try PromotionDriver.endWatch(of: environment, keeping: source.id, in: db, now)
        let current = try environment.currentDeploymentID.flatMap { try db.deployment($0) }
        var candidate = source
        if case .copy = try sourceChoice(source, environment, options, in: db) {
            candidate = try copy(of: source, in: db, at: now)
            if options.preserveEnvironmentInstanceType, let current {
                candidate.instanceTypeID = current.instanceTypeID
            }
            try db.insert(candidate)
        }
        var random = Randomness()
        try db.insert(
            Promotion(
                id: .random(length: IdentifierLength.other, using: &random), modelID: source.modelID,
                environment: environment.name, candidateID: candidate.id,
                previousID: environment.currentDeploymentID, scaleDownPrevious: options.scaleDownPrevious,
                candidateIsCopy: candidate.id != source.id, createdAt: now,
                rollout: Rollout(
                    settings: environment.promotionSettings,
                    mode: Rollout.mode(
                        for: environment.promotionSettings,
                        hasPrevious: current != nil && current?.id != candidate.id))))
        try db.record(
            .promoted(candidate, db.existing(source.modelID), to: environment.name), by: caller, at: now)
        return candidate
    }

    func sourceChoice(
        _ source: Deployment, _ environment: Environment, _ options: PromoteOptions, in db: StoreReader
    ) throws -> PromotionSource {
        PromotionSource.choose(
            isDevelopment: source.isDevelopment,
            attachedElsewhere: try isClaimed(source, elsewhereThan: environment, in: db),
            sourceInstanceType: source.instanceTypeID,
            environmentInstanceType: try environment.currentDeploymentID.flatMap { try db.deployment($0) }?
                .instanceTypeID,
            preserveEnvironmentInstanceType: options.preserveEnvironmentInstanceType,
            redeployOnPromotion: environment.promotionSettings.redeployOnPromotion)
    }

    /// Whether another environment has the deployment, is about to get it, or may go back to it.
    private func isClaimed(
        _ source: Deployment, elsewhereThan environment: Environment, in db: StoreReader
    ) throws -> Bool {
        let others = try db.environments(of: source.modelID).filter { $0.name != environment.name }
        let names = Set(others.map(\.name))
        return try others.contains { $0.currentDeploymentID == source.id }
            || db.runningPromotions().contains {
                $0.modelID == source.modelID && names.contains($0.environment) && $0.candidateID == source.id
            }
            || db.watchedPromotions().contains {
                $0.modelID == source.modelID && names.contains($0.environment) && $0.previousID == source.id
            }
    }

    /// A published deployment that starts from what the source runs now; its image is never built again.
    private func copy(of source: Deployment, in db: StoreReader, at now: Timestamp) throws -> Deployment {
        var copy = Deployment(
            id: newDeploymentID(), modelID: source.modelID,
            name: source.isDevelopment
                ? try nextDeploymentName(of: source.modelID, in: db)
                : Names.copyName(
                    of: source.name, at: now.microseconds / 1_000_000,
                    taken: Set(try db.deployments(of: source.modelID).map(\.name))),
            createdAt: now, isDevelopment: false, archiveKey: source.archiveKey, rawConfig: source.rawConfig,
            configJSON: source.configJSON, instanceTypeID: source.instanceTypeID, imageID: source.imageID,
            autoscaling: AutoscalingSettings(), labelsJSON: source.labelsJSON,
            deployTimeoutSeconds: source.deployTimeoutSeconds, sourceDeploymentID: source.id,
            trussHash: source.trussHash, trussSignature: source.trussSignature,
            allowsDownload: source.allowsDownload)
        // The founding page answers with the building deployment; other copies begin where the image exists.
        if !source.isDevelopment, source.imageID != nil {
            copy.status = .deploying
            copy.deployStartedAt = now
        }
        return copy
    }

    func newDeploymentID() -> DeploymentID {
        var random = Randomness()
        return .random(length: IdentifierLength.deployment, using: &random)
    }

    /// `deployment-N`, N one above the highest in use.
    func nextDeploymentName(of model: ModelID, in db: StoreReader) throws -> String {
        Names.nextDeploymentName(after: try db.deployments(of: model).map(\.name))
    }
}
