// Copy or reuse: what a promotion makes of the deployment it is given.

/// Whether a promotion uses its source as it is or a copy (behaviour.md section 3.2).
public enum PromotionSource: Sendable, Equatable {
    case reuse
    case copy(reason: String)

    /// The copy-or-reuse rule. A copy never rebuilds an image that exists.
    /// - Parameters:
    ///   - attachedElsewhere: another environment has the source, is about to get it, or may go back to it.
    ///   - environmentInstanceType: of the target's current deployment; nil when it has none.
    public static func choose(
        isDevelopment: Bool, attachedElsewhere: Bool, sourceInstanceType: String,
        environmentInstanceType: String?, preserveEnvironmentInstanceType: Bool, redeployOnPromotion: Bool
    ) -> PromotionSource {
        if isDevelopment { return .copy(reason: "the development deployment stays in its slot") }
        if attachedElsewhere { return .copy(reason: "another environment needs the source") }
        if redeployOnPromotion { return .copy(reason: "the environment redeploys on promotion") }
        if preserveEnvironmentInstanceType, let kept = environmentInstanceType, kept != sourceInstanceType {
            return .copy(reason: "the environment keeps its instance type \(kept)")
        }
        return .reuse
    }
}
