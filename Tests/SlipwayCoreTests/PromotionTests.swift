// When a promotion swaps, waits or fails, and when it copies its source.

import SlipwayCore
import Testing

@Suite struct PromotionTests {
    let promotion = Promotion(
        id: "p1".id(), modelID: "m1".id(), environment: "production", candidateID: "new0001".id(),
        previousID: "old0001".id(), scaleDownPrevious: true, candidateIsCopy: true,
        createdAt: Timestamp(microseconds: 0))

    @Test("it swaps once as many replicas are ready as the environment asks for, and not before")
    func swap() {
        var settings = AutoscalingSettings()
        func step(_ ready: Int, _ status: DeploymentStatus = .loadingModel) -> PromotionStep {
            promotion.nextStep(
                candidate: CandidateView(status: status, statusReason: nil, readyReplicas: ready),
                environment: settings)
        }
        #expect(step(0) == .wait)
        #expect(step(1, .active) == .swap)
        settings.minReplica = 3
        settings.maxReplica = 5
        #expect(step(2, .active) == .wait)
        #expect(step(3, .active) == .swap)
    }

    @Test("every failed, deactivated or deleted candidate fails it with a reason")
    func failure() {
        for status in DeploymentStatus.allCases where status.isFailure || status == .inactive {
            let step = promotion.nextStep(
                candidate: CandidateView(status: status, statusReason: "because", readyReplicas: 0),
                environment: AutoscalingSettings())
            guard case .fail(let reason) = step else {
                Issue.record("\(status) did not fail the promotion")
                continue
            }
            #expect(reason.contains("new0001"))
        }
        #expect(promotion.nextStep(candidate: nil, environment: AutoscalingSettings()) != .wait)
    }

    @Test("an ended promotion does nothing more")
    func terminal() {
        for status in PromotionStatus.allCases where status.isTerminal {
            var ended = promotion
            ended.status = status
            #expect(ended.nextStep(candidate: nil, environment: AutoscalingSettings()) == .wait)
        }
    }

    @Test("the source is reused unless one of the documented reasons asks for a copy")
    func copyOrReuse() {
        func isCopy(
            development: Bool = false, elsewhere: Bool = false, environment: String? = "1x2",
            preserve: Bool = true, redeploy: Bool = false
        ) -> Bool {
            let choice = PromotionSource.choose(
                isDevelopment: development, attachedElsewhere: elsewhere, sourceInstanceType: "1x2",
                environmentInstanceType: environment, preserveEnvironmentInstanceType: preserve,
                redeployOnPromotion: redeploy)
            return choice != .reuse
        }
        #expect(!isCopy())
        #expect(isCopy(development: true))
        #expect(isCopy(elsewhere: true))
        #expect(isCopy(redeploy: true))
        #expect(isCopy(environment: "4x16"))
        #expect(!isCopy(environment: "4x16", preserve: false))
        #expect(!isCopy(environment: nil))
    }

    @Test("the smallest instance type that fits is chosen, and none when nothing fits")
    func instanceTypes() {
        let catalogue = InstanceCatalogue.standard
        #expect(catalogue.smallest(fitting: ResourceRequest())?.id == "1x2")
        #expect(catalogue.smallest(fitting: ResourceRequest(millicpu: 1500, memoryMiB: 1))?.id == "2x8")
        #expect(catalogue.smallest(fitting: ResourceRequest(gpuCount: 1, gpuType: "H100")) == nil)
        #expect(catalogue.smallest(fitting: ResourceRequest(instanceType: "8x32"))?.id == "8x32")
        #expect(catalogue.smallest(fitting: ResourceRequest(instanceType: "9x9")) == nil)
    }
}
