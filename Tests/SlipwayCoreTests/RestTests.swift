// What passes leave out must be what they would not change.

import SlipwayCore
import Testing

struct RestTests {
    private static let settled: [DeploymentStatus: String?] = [
        .scaledToZero: "No replica runs; the next request starts one.",
        .inactive: "Deactivated; activate it to serve again.",
    ]

    @Test("what is at rest stays as it is, however long and whatever else is known")
    func staysAtRest() {
        var resting = 0
        for status in DeploymentStatus.allCases {
            for desired in [DesiredState.running, .zero, .inactive] {
                for (image, minReplica, isDeploying) in [
                    (Play.image, 0, false), (nil, 0, false), (Play.image, 1, false), (Play.image, 0, true),
                ] {
                    var deployment = Play(image: image, status: status).deployment
                    deployment.desired = desired
                    deployment.autoscaling.minReplica = minReplica
                    deployment.statusReason = Self.settled[status] ?? "whatever it was"
                    if isDeploying { deployment.deployStartedAt = deployment.createdAt }
                    guard deployment.isAtRest else { continue }
                    resting += 1
                    expectNoChange(deployment)
                }
            }
        }
        #expect(resting > 10, "they are what there is most of")
    }

    private func expectNoChange(_ deployment: Deployment) {
        for missing in [false, true] {
            for replaced in [false, true] {
                for seconds in [0, 60, 100_000_000] {
                    let now = deployment.createdAt + .seconds(seconds)
                    let situation = Situation(
                        scalingTarget: 3, observedSince: deployment.createdAt, imageIsMissing: missing,
                        isBeingReplaced: replaced)
                    let step = Lifecycle.step(deployment, situation, now: now)
                    #expect(step.deployment == deployment && step.actions.isEmpty, "\(deployment.status)")
                }
            }
        }
    }

    @Test("what runs, starts, builds or leaves is awake")
    func awake() {
        for status in [DeploymentStatus.active, .building, .wakingUp, .deactivating, .unhealthy] {
            for desired in [DesiredState.running, .zero, .inactive] {
                var deployment = Play(status: status).deployment
                deployment.desired = desired
                #expect(!deployment.isAtRest, "\(status) \(desired)")
            }
        }
    }
}
