// A running promotion with what can be done about it, and those of the past.

import SlipwayControl
import SlipwayCore

extension Markup {
    func runningPromotion(
        _ promotion: Promotion, candidate: DeploymentView?, _ visit: Visit, _ manageable: Set<String>
    ) {
        el(.div, .class("promotion")) {
            el(.p) {
                text("Promotion to ")
                if let candidate {
                    deploymentLink(candidate.deployment)
                } else {
                    text("a deployment that is gone")
                }
                text(" ")
                progress(promotion)
            }
            let percent = min(100, max(0, promotion.rollout.percent))
            bar(percent: percent, label: "Traffic moved")
            if let candidate { el(.p) { status(candidate.deployment) } }
            guard manageable.contains(promotion.environment) else { return }
            el(.div, .class("buttons")) {
                for signal in promotion.possibleSignals {
                    let path = Path(
                        "models", promotion.modelID.text, "environments", promotion.environment, signal.verb)
                    postForm(path, visit) {
                        el(
                            .button, signal.label, .type("submit"),
                            .class(signal == .forceCancel ? "bad" : ""),
                            .id("\(signal.verb)-\(promotion.id)"))
                    }
                }
            }
        }
    }

    /// A share as a bar; drawn, since pages have no styles of their own.
    func bar(percent: Int, label: String) {
        el(
            .svg, .class("bar"), .svg(.viewBox, "0 0 100 4"), .svg(.preserveAspectRatio, "none"),
            .role("img"), .aria("label", "\(label): \(percent) %")
        ) {
            el(.rect, "", .svg(.width, "100"), .svg(.height, "4"), .class("track"))
            el(.rect, "", .svg(.width, "\(percent)"), .svg(.height, "4"), .class("fill"))
        }
    }

    func promotions(_ promotions: [Promotion], names: (DeploymentID) -> String?) {
        guard !promotions.isEmpty else {
            el(.p, "Nothing was promoted yet.", .class("faint"))
            return
        }
        table(
            "Promotions, newest first", ["Environment", "Deployment", "Before", "Result", "Started", "Ended"]
        ) {
            for promotion in promotions {
                el(.tr) {
                    el(.td, promotion.environment)
                    el(.td) { deploymentLink(promotion.candidateID, promotion.modelID, names) }
                    el(.td) {
                        if let previous = promotion.previousID {
                            deploymentLink(previous, promotion.modelID, names)
                        } else {
                            text("–")
                        }
                    }
                    el(.td) {
                        badge(promotion.status.label, promotion.status.tone)
                        let reasons = [
                            promotion.errorMessage, promotion.rollout.note, promotion.rollout.waitsFor,
                        ]
                        if let reason = reasons.compactMap(\.self).first {
                            el(.span, reason, .class("reason"))
                        }
                    }
                    el(.td) { time(promotion.createdAt) }
                    el(.td) { if let ended = promotion.endedAt { time(ended) } else { text("–") } }
                }
            }
        }
    }

    private func deploymentLink(
        _ id: DeploymentID, _ model: ModelID, _ names: (DeploymentID) -> String?
    ) {
        guard let name = names(id) else {
            el(.span, "\(id.text) (deleted)", .class("faint"))
            return
        }
        el(.a, name, .href(Path("models", model.text, "deployments", id.text)), .title(id.text))
    }
}

extension Promotion {
    /// What its state lets a person ask for; the command decides.
    var possibleSignals: [PromotionSignal] {
        guard !status.isTerminal else { return [] }
        var signals: [PromotionSignal] = []
        if rollout.mode == .rolling, status == .rampingUp { signals.append(.pause) }
        if status == .paused { signals.append(.resume) }
        signals.append(.forceRollForward)
        if status != .rampingDown { signals.append(.cancel) }
        signals.append(.forceCancel)
        return signals
    }
}

extension PromotionSignal {
    /// As in the API's path.
    var verb: String {
        switch self {
        case .cancel: "cancel_promotion"
        case .forceCancel: "force_cancel_promotion"
        case .pause: "pause_promotion"
        case .resume: "resume_promotion"
        case .forceRollForward: "force_roll_forward_promotion"
        }
    }

    var label: String {
        switch self {
        case .cancel: "Cancel"
        case .forceCancel: "Cancel at once"
        case .pause: "Pause"
        case .resume: "Resume"
        case .forceRollForward: "Move everything now"
        }
    }

    /// What was done, for the next page.
    var done: String {
        switch self {
        case .cancel: "The promotion is being canceled."
        case .forceCancel: "The promotion was canceled."
        case .pause: "The promotion is paused."
        case .resume: "The promotion goes on."
        case .forceRollForward: "All traffic moves at the next step."
        }
    }
}
