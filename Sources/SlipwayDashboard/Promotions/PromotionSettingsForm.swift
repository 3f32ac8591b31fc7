// How promotions into an environment are carried out.

import SlipwayControl
import SlipwayCore

enum PromotionSettingsForm {
    static let numbers: [(name: String, label: String, range: ClosedRange<Int>)] = [
        ("ramp_up_duration_seconds", "Ramp-up, seconds", 0...86400),
        ("rolling_deploy_config.max_surge_percent", "Rolling: most replicas above, %", 0...50),
        ("rolling_deploy_config.max_unavailable_percent", "Rolling: most replicas below, %", 0...50),
        (
            "rolling_deploy_config.stabilization_time_seconds", "Rolling: wait after each step, seconds",
            0...3600
        ),
        ("rolling_deploy_config.replica_overhead_percent", "Rolling: extra replicas before, %", 0...500),
    ]

    static let fields = Set(
        numbers.map(\.name) + ["mode", "promotion_cleanup_strategy", "redeploy_on_promotion", "was"])

    /// What the form shows, in one word: two people who change one environment hear of each other.
    static func state(_ settings: PromotionSettings) -> String {
        let rest = [mode(settings), settings.cleanup.rawValue, "\(settings.redeployOnPromotion)"]
        return (rest + values(settings).map { "\($0)" }).joined(separator: " ")
    }

    fileprivate static func mode(_ settings: PromotionSettings) -> String {
        settings.rollingDeploy ? "rolling" : settings.rampUp ? "ramp_up" : "swap"
    }

    static func change(_ form: FormFields) throws -> PromotionSettingsChange {
        var change = PromotionSettingsChange()
        let mode = try form.required("mode")
        guard ["swap", "ramp_up", "rolling"].contains(mode) else {
            throw ControlError.validation("mode must be swap, ramp_up or rolling.")
        }
        change.rampUp = mode == "ramp_up"
        change.rollingDeploy = mode == "rolling"
        guard let cleanup = CleanupStrategy(rawValue: try form.required("promotion_cleanup_strategy")) else {
            throw ControlError.validation("promotion_cleanup_strategy: this is none of the choices.")
        }
        change.cleanup = cleanup
        change.redeployOnPromotion = form["redeploy_on_promotion"] != nil
        for field in numbers where form.text(field.name) == nil {
            throw ControlError.validation("\(field.name) must not be empty.")
        }
        change.rampUpSeconds = try form.number("ramp_up_duration_seconds")
        change.maxSurgePercent = try form.number("rolling_deploy_config.max_surge_percent")
        change.maxUnavailablePercent = try form.number("rolling_deploy_config.max_unavailable_percent")
        change.stabilizationSeconds = try form.number("rolling_deploy_config.stabilization_time_seconds")
        change.replicaOverheadPercent = try form.number("rolling_deploy_config.replica_overhead_percent")
        return change
    }

    static func values(_ settings: PromotionSettings) -> [Int] {
        [
            settings.rampUpSeconds, settings.rolling.maxSurgePercent, settings.rolling.maxUnavailablePercent,
            settings.rolling.stabilizationSeconds, settings.rolling.replicaOverheadPercent,
        ]
    }
}

extension Markup {
    func promotionSettings(_ environment: Environment, _ visit: Visit) {
        let settings = environment.promotionSettings
        let view = FormView("settings", environment.path(to: "settings"), visit)
        form(view, class: "grid") {
            void(.input, .type("hidden"), .name("was"), .value(PromotionSettingsForm.state(settings)))
            choice(
                view, "mode", "Traffic moves",
                [("swap", "in one step"), ("ramp_up", "in ten stages"), ("rolling", "replica by replica")],
                chosen: PromotionSettingsForm.mode(settings))
            choice(
                view, "promotion_cleanup_strategy", "The previous deployment",
                [("KEEP", "is kept"), ("SCALE_TO_ZERO", "goes to zero"), ("DEACTIVATE", "is deactivated")],
                chosen: settings.cleanup.rawValue)
            for (field, value) in zip(PromotionSettingsForm.numbers, PromotionSettingsForm.values(settings)) {
                self.field(
                    view, field.name, field.label, value: "\(value)",
                    hint: "\(field.range.lowerBound) to \(field.range.upperBound)", .inputmode("numeric"))
            }
            checkbox(
                view, "redeploy_on_promotion", "Always promote a fresh copy",
                isSet: settings.redeployOnPromotion)
            submit("Save")
        }
        if settings.gate != nil || settings.watch != nil {
            el(.p, "A gate or a watch is set; the API changes them.", .class("faint"))
        }
    }
}
