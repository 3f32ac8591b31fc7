// When a promotion swaps, waits or fails, and when it copies its source.

import SlipwayCore
import Testing

@Suite struct PromotionTests {
    let promotion = Promotion(
        id: "p1".id(), modelID: "m1".id(), environment: "production", candidateID: "new0001".id(),
        previousID: "old0001".id(), scaleDownPrevious: true, candidateIsCopy: true,
        createdAt: Timestamp(microseconds: 0))
    let now = Timestamp(microseconds: 5_000_000)

    func view(
        _ ready: Int, _ status: DeploymentStatus = .loadingModel, previousReady: Int = 0, wanted: Int = 0,
        _ settings: AutoscalingSettings = .init()
    ) -> PromotionView {
        PromotionView(
            candidate: CandidateView(status: status, statusReason: "because", readyReplicas: ready),
            previousReady: previousReady, wantedReplicas: wanted, environment: settings, patienceSeconds: 60)
    }

    @Test("it swaps once as many replicas are ready as carry the load now, and not before")
    func swap() {
        var settings = AutoscalingSettings()
        func effect(_ ready: Int, serving: Int = 0) -> PromotionEffect {
            var promotion = promotion
            return promotion.advance(view(ready, .active, previousReady: serving, settings), now: now)
        }
        #expect(effect(0) == .none)
        #expect(effect(1) == .swap)
        settings.minReplica = 3
        settings.maxReplica = 5
        #expect(effect(2) == .none)
        #expect(effect(3) == .swap)
        #expect(effect(3, serving: 4) == .none)
        #expect(effect(4, serving: 4) == .swap)
        #expect(effect(5, serving: 9) == .swap)
    }

    @Test("it says what it waits for, and fails when no further replica has become ready for too long")
    func stall() {
        var promotion = promotion
        let settings = AutoscalingSettings(minReplica: 2, maxReplica: 4)
        var short = view(1, .active, settings)
        short.candidate?.shortage = "1 × L4, 0 free"
        #expect(promotion.advance(view(0, .building, settings), now: now) == .none)
        #expect(promotion.rollout.progressedAt == nil, "while it builds no time passes")
        #expect(promotion.advance(short, now: now) == .none)
        #expect(
            promotion.rollout.waitsFor
                == "1 of 2 replicas of deployment new0001 are ready: waiting for 1 × L4, 0 free.")
        #expect(promotion.advance(short, now: now + .seconds(60)) == .none)
        #expect(promotion.advance(short, now: now + .seconds(61)) == .fallBack)
        #expect(promotion.status == .failed && promotion.rollout.waitsFor == nil)
        #expect(promotion.errorMessage?.contains("waiting for 1 × L4, 0 free") == true)
    }

    @Test("every failed, deactivated or deleted candidate fails it with a reason")
    func failure() {
        for status in DeploymentStatus.allCases where status.isFailure || status == .inactive {
            var promotion = promotion
            #expect(promotion.advance(view(0, status), now: now) == .fallBack)
            #expect(promotion.status == .failed && promotion.endedAt == now)
            #expect(promotion.errorMessage?.contains("new0001") == true)
        }
        var promotion = promotion
        var gone = view(0)
        gone.candidate = nil
        #expect(promotion.advance(gone, now: now) == .fallBack)
    }

    @Test("an ended promotion does nothing more")
    func terminal() {
        for status in PromotionStatus.allCases where status.isTerminal {
            var ended = promotion
            ended.status = status
            #expect(ended.advance(view(9, .active), now: now) == .none)
        }
    }

    @Test("a ramp-up waits for all replicas, then moves traffic in ten equal stages")
    func rampUp() {
        var promotion = promotion
        promotion.rollout = Rollout(
            settings: PromotionSettings(rampUp: true, rampUpSeconds: 100), mode: .rampUp)
        let settings = AutoscalingSettings(minReplica: 2, maxReplica: 4)
        #expect(promotion.advance(view(1, .active, previousReady: 2, settings), now: now) == .none)
        #expect(promotion.rollout.percent == 0 && promotion.rollout.candidateTarget == 2)
        var shares: [Int] = []
        for second in 0...90 {
            let effect = promotion.advance(
                view(2, .active, previousReady: 2, settings), now: now + .seconds(second))
            shares.append(promotion.rollout.percent)
            if second < 90 { #expect(effect == .none) } else { #expect(effect == .swap) }
        }
        #expect(shares[0] == 10 && shares[9] == 10 && shares[10] == 20 && shares[89] == 90)
        #expect(promotion.status == .succeeded && shares[90] == 100)
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
