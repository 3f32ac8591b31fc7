// The life of a deployment, step by step, without a clock.

import SlipwayCore
import Testing

/// Plays a deployment against the lifecycle: tests change what is observed and look at the outcome.
struct Play {
    var deployment: Deployment
    var situation: Situation
    var now = Timestamp(microseconds: 1_000_000_000)
    static let image = ImageID("image1")

    init(image: ImageID? = Play.image, status: DeploymentStatus = .building) {
        deployment = Deployment(
            id: "dep0001".id(), modelID: "model001".id(), name: "deployment-1",
            createdAt: Timestamp(microseconds: 0), isDevelopment: false, archiveKey: "key", rawConfig: nil,
            configJSON: "{}", instanceTypeID: "1x2", status: status, imageID: image)
        situation = Situation(observedSince: now)
    }

    @discardableResult
    mutating func step(after seconds: Double = 0) -> [LifecycleAction] {
        now = now + .seconds(seconds)
        let result = Lifecycle.step(deployment, situation, now: now)
        deployment = result.deployment
        situation.crashes = result.crashes
        situation.demanded = false
        return result.actions
    }

    mutating func replica(
        _ phase: ReplicaPhase, id: String = "r0001", image: ImageID = Play.image, reason: String? = nil,
        ready: Duration? = nil
    ) {
        situation.replicas.removeAll { $0.id.text == id }
        var replica = Replica(
            id: ReplicaID(id), deploymentID: deployment.id, imageID: image, phase: phase, startedAt: now)
        replica.reason = reason
        replica.readySince = ready.map { now + (.zero - $0) }
        situation.replicas.append(replica)
    }

    /// A deployment with one ready replica.
    static func active() -> Play {
        var play = Play()
        play.step()
        play.step()
        play.replica(.ready)
        play.step()
        return play
    }
}

extension String {
    func id<Entity>() -> Identifier<Entity> { Identifier(self) }
}

@Suite struct LifecycleTests {
    @Test(
        "what the machine cannot start now is started again after pauses that grow, within the deploy timeout"
    )
    func machineShortage() {
        var play = Play()
        play.step()
        #expect(play.step() == [.startReplicas(count: 1)])
        var pauses: [Double] = []
        for _ in 0..<5 {
            play.replica(.exited(code: 127), reason: "fork failed")
            play.situation.replicas[0].failedToStart = true
            #expect(play.step() == [.discard("r0001".id())])
            #expect(play.deployment.status == .deploying)
            #expect(play.deployment.statusReason == "fork failed")
            play.situation.replicas = []
            var pause = 0.0
            while play.step(after: 0.5) != [.startReplicas(count: 1)] { pause += 0.5 }
            pauses.append(pause + 0.5)
        }
        #expect(pauses == [1, 2, 4, 8, 16])
        play.replica(.ready)
        play.step()
        #expect(play.deployment.status == .active && play.deployment.statusReason == nil)
    }

    @Test("a machine that never starts anything ends in the deploy timeout, with its reason")
    func endlessShortage() {
        var play = Play()
        play.deployment.deployTimeoutSeconds = 100
        play.step()
        for _ in 0..<60 where !play.deployment.status.isFailure {
            play.replica(.exited(code: 127), reason: "fork failed")
            play.situation.replicas[0].failedToStart = true
            play.step(after: 2)
        }
        #expect(play.deployment.status == .deployFailed)
        #expect(play.deployment.statusReason?.hasSuffix("100 s: fork failed") == true)
    }

    @Test("requests go on being held for a deployment that is woken up and cannot be started yet")
    func shortageAtWaking() {
        var play = Play.active()
        play.deployment.desired = .zero
        play.situation.replicas = []
        play.step()
        #expect(play.deployment.status == .scaledToZero)
        play.situation.demanded = true
        #expect(play.step() == [.startReplicas(count: 1)])
        #expect(play.deployment.status == .wakingUp)
        play.replica(.exited(code: 127), reason: "fork failed")
        play.situation.replicas[0].failedToStart = true
        play.step(after: 1)
        #expect(play.deployment.status == .wakingUp && play.deployment.statusReason == "fork failed")
        play.situation.replicas = []
        play.step(after: 0.5)
        #expect(play.deployment.status == .wakingUp && play.deployment.statusReason == "fork failed")
        #expect(play.step(after: 1) == [.startReplicas(count: 1)])
    }

    @Test("a deployment whose image is gone is built again when it is to run, and not before")
    func missingImage() {
        var play = Play.active()
        play.situation.imageIsMissing = true
        play.step()
        #expect(play.deployment.status == .active, "what runs needs no image")
        play.situation.plannedReplicas = 2
        #expect(play.step() == [.startBuild], "another replica needs one, which is built beside what runs")
        play.situation.build = .running
        #expect(play.step().isEmpty && play.deployment.imageID == Play.image)
        (play.situation.build, play.situation.plannedReplicas) = (.idle, nil)
        play.situation.replicas = []
        play.deployment.desired = .zero
        play.step()
        #expect(play.deployment.status == .scaledToZero && play.deployment.imageID == Play.image)
        play.situation.demanded = true
        play.step()
        #expect(play.deployment.status == .building && play.deployment.isRebuilt)
        #expect(play.deployment.statusReason?.contains("not on this machine") == true)
        #expect(play.step() == [.startBuild])
        play.situation.build = .failed(reason: "no space")
        play.step()
        #expect(play.deployment.status == .building, "what has served is built again until that succeeds")
        (play.situation.build, play.situation.buildProblem) = (.idle, "no space")
        #expect(play.step() == [.startBuild])
        #expect(play.deployment.statusReason?.contains("tried again: no space") == true)
        play.situation.build = .succeeded(ImageID("image-2"))
        play.step()
        #expect(play.deployment.status == .wakingUp && play.deployment.imageID == ImageID("image-2"))
        #expect(play.deployment.deployStartedAt == nil, "a start that fails is tried again, as after a crash")
        play.situation.imageIsMissing = false
        #expect(play.step() == [.startReplicas(count: 1)])
        play.replica(.ready, image: ImageID("image-2"))
        play.step()
        #expect(play.deployment.status == .active)
    }

    @Test("a pushed deployment builds, deploys, loads and becomes active")
    func push() {
        var play = Play(image: nil)
        #expect(play.step() == [.startBuild])
        play.situation.build = .running
        #expect(play.step().isEmpty)
        #expect(play.deployment.status == .building)
        play.situation.build = .succeeded(Play.image)
        play.step()
        #expect(play.deployment.status == .deploying)
        #expect(play.step() == [.startReplicas(count: 1)])
        play.replica(.starting)
        #expect(play.step().isEmpty)
        #expect(play.deployment.status == .deploying)
        play.replica(.loading)
        play.step()
        #expect(play.deployment.status == .loadingModel)
        #expect(!play.deployment.hasBeenActive)
        play.replica(.ready)
        play.step()
        #expect(play.deployment.status == .active)
        #expect(play.deployment.hasBeenActive)
        #expect(play.deployment.statusReason == nil)
    }

    @Test("a copy of a built deployment never builds again")
    func copy() {
        var play = Play(image: Play.image, status: .building)
        #expect(!play.step().contains(.startBuild))
        #expect(play.deployment.status == .deploying)
    }

    @Test("a failed build ends in BUILD_FAILED with its reason, and stays there")
    func failedBuild() {
        var play = Play(image: nil)
        play.situation.build = .failed(reason: "no such package")
        play.step()
        #expect(play.deployment.status == .buildFailed)
        #expect(play.deployment.statusReason == "no such package")
        #expect(play.step(after: 10_000).isEmpty)
        #expect(play.deployment.status == .buildFailed)
    }

    @Test("a first replica that exits fails the deploy with its last words")
    func exitWhileLoading() {
        var play = Play()
        play.step()
        play.step()
        play.replica(.exited(code: 1), reason: "ValueError: boom")
        let actions = play.step()
        #expect(play.deployment.status == .deployFailed)
        #expect(play.deployment.statusReason == "ValueError: boom")
        #expect(actions.filter { $0 == .discard("r0001".id()) }.count == 1)
        #expect(!actions.contains(.startReplicas(count: 1)))
    }

    @Test("a model that hangs past the deploy timeout fails and its replica is drained")
    func timeout() {
        var play = Play()
        play.deployment.deployTimeoutSeconds = 600
        play.step()
        play.step()
        play.replica(.loading)
        play.step(after: 599)
        #expect(play.deployment.status == .loadingModel)
        #expect(play.step(after: 1) == [.drain("r0001".id())])
        #expect(play.deployment.status == .deployFailed)
        #expect(play.deployment.statusReason?.contains("600 s") == true)
    }

    @Test("what has served is started again at once, then with growing pauses, and is UNHEALTHY meanwhile")
    func backOff() {
        var play = Play.active()
        play.replica(.exited(code: 137), ready: .seconds(5))
        #expect(play.step() == [.discard("r0001".id()), .startReplicas(count: 1)])
        #expect(play.deployment.status == .unhealthy)
        #expect(play.deployment.statusReason?.hasSuffix("requests wait for it.") == true)
        #expect(!play.situation.crashes.isLoop)
        for pause in [2.0, 4, 8] {
            play.replica(.exited(code: 137))
            let actions = play.step()
            #expect(actions == [.discard("r0001".id())])
            #expect(play.deployment.status == .unhealthy)
            #expect(play.deployment.statusReason?.contains("wait") == false)
            #expect(play.situation.crashes.isLoop)
            play.situation.replicas = []
            #expect(play.step(after: pause - 0.1).isEmpty)
            #expect(play.step(after: 0.2) == [.startReplicas(count: 1)])
            play.replica(.loading)
            play.step()
            #expect(play.deployment.status == .unhealthy)
        }
        play.replica(.ready)
        play.step()
        #expect(play.deployment.status == .active)
        #expect(!play.situation.crashes.isLoop)
    }

    @Test("time served forgives crashes: the pause is that of the crashes which are left")
    func forgiveness() {
        var crashes = CrashHistory()
        let now = Timestamp(microseconds: 0)
        for _ in 0..<5 { crashes.record(at: now, reason: nil, served: nil) }
        #expect(crashes.restartAllowedAt == now + .seconds(16))
        crashes.record(at: now, reason: nil, served: .seconds(59))
        #expect(crashes.restartAllowedAt == now + .seconds(8))
        crashes.record(at: now, reason: nil, served: .seconds(Int64.max))
        #expect(crashes.restartAllowedAt == nil)
        crashes.record(at: now, reason: nil, served: .seconds(-1))
        #expect(crashes.restartAllowedAt == now + .seconds(2))
    }

    @Test("a replica whose code was changed in place for nothing is replaced")
    func mixed() {
        var play = Play.active()
        play.situation.replicas[0].isMixed = true
        #expect(play.step() == [.drain("r0001".id()), .startReplicas(count: 1)])
        #expect(play.deployment.status == .updating)
    }

    @Test("an idle deployment scales to zero only after the whole delay and wakes on demand")
    func zeroAndBack() {
        var play = Play.active()
        play.step(after: 899)
        #expect(play.deployment.desired == .running)
        #expect(play.step(after: 2) == [.drain("r0001".id())])
        #expect(play.deployment.status == .scaledToZero)
        play.situation.replicas = []
        #expect(play.step(after: 5000).isEmpty)
        play.situation.demanded = true
        #expect(play.step() == [.startReplicas(count: 1)])
        #expect(play.deployment.status == .wakingUp)
        play.replica(.loading)
        play.step()
        #expect(play.deployment.status == .loadingModel)
        play.replica(.ready)
        play.step()
        #expect(play.deployment.status == .active)
    }

    @Test("a request in flight or a minimum of one replica keeps a deployment up")
    func staysUp() {
        var busy = Play.active()
        busy.situation.requestsInFlight = 1
        #expect(busy.step(after: 5000).isEmpty)
        var kept = Play.active()
        kept.deployment.autoscaling.minReplica = 1
        #expect(kept.step(after: 5000).isEmpty)
        #expect(kept.deployment.status == .active)
    }

    @Test("a draining replica stops only with its last request, or at the longest drain")
    func drain() {
        var play = Play.active()
        play.deployment.desired = .zero
        #expect(play.step() == [.drain("r0001".id())])
        play.situation.replicas[0].drainingSince = play.now
        play.situation.inFlight = ["r0001".id(): 1]
        #expect(play.step(after: 60).isEmpty)
        var finished = play
        finished.situation.inFlight = [:]
        #expect(finished.step() == [.stop("r0001".id())])
        #expect(play.step(after: 1200) == [.stop("r0001".id())])
    }

    @Test("deactivation drains, reports DEACTIVATING and ends INACTIVE; activation deploys anew")
    func deactivation() {
        var play = Play.active()
        play.deployment.desired = .inactive
        #expect(play.step() == [.drain("r0001".id())])
        #expect(play.deployment.status == .deactivating)
        play.situation.replicas = []
        play.step()
        #expect(play.deployment.status == .inactive)
        play.situation.demanded = true
        #expect(play.step().isEmpty)
        #expect(play.deployment.status == .inactive)
    }

    @Test("deactivation during a build cancels it")
    func deactivateBuilding() {
        var play = Play(image: nil)
        play.situation.build = .running
        play.deployment.desired = .inactive
        #expect(play.step() == [.cancelBuild])
        play.situation.build = .idle
        play.step()
        #expect(play.deployment.status == .inactive)
    }

    @Test("a replica of an older image is replaced and does not make the deployment active")
    func oldImage() {
        var play = Play.active()
        play.deployment.status = .building
        play.deployment.imageID = nil
        play.situation.build = .succeeded("image2".id())
        play.step()
        let actions = play.step()
        #expect(actions == [.drain("r0001".id()), .startReplicas(count: 1)])
        #expect(play.deployment.status == .deploying)
    }

    @Test("what serves stays awake while a promotion away from it runs, and sleeps when that has ended")
    func staysAwake() {
        var play = Play.active()
        play.deployment.autoscaling.minReplica = 0
        play.situation.isBeingReplaced = true
        let delay = Double(play.deployment.autoscaling.scaleDownDelay)
        #expect(play.step(after: delay + 1).isEmpty && play.deployment.status == .active)
        play.situation.isBeingReplaced = false
        play.step(after: 1)
        #expect(play.deployment.desired == .zero)
    }

    @Test("on the way to zero each step takes a whole delay, and at most max_scale_down_rate leave at a time")
    func zeroInSteps() {
        var play = Play.active()
        play.replica(.ready, id: "r0002")
        play.situation.scalingTarget = 2
        play.step(after: 2000)
        #expect(play.deployment.desired == .running)
        // The autoscaler has taken the second one.
        play.situation.scalingTarget = 1
        play.situation.reducedAt = play.now
        play.situation.replicas.removeLast()
        play.step(after: 899)
        #expect(play.deployment.desired == .running)
        play.step(after: 2)
        #expect(play.deployment.desired == .zero)
    }

    @Test("a candidate gets as many replicas as its promotion needs and does not go idle")
    func plannedReplicas() {
        var play = Play.active()
        play.situation.plannedReplicas = 3
        #expect(play.step() == [.startReplicas(count: 2)])
        #expect(!play.step(after: 5000).contains(.drain("r0001".id())))
        var zero = Play.active()
        zero.deployment.desired = .zero
        zero.situation.replicas = []
        zero.situation.plannedReplicas = 1
        #expect(zero.step() == [.startReplicas(count: 1)])
    }
}
