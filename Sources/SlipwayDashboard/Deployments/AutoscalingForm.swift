// The autoscaling settings as a form. It carries the values it was made of, so that two people who change one setting hear
// of each other.

import SlipwayControl
import SlipwayCore

enum AutoscalingForm {
    struct Entry: Sendable {
        var name: String
        var label: String
        var hint: String
        var read: @Sendable (AutoscalingSettings) -> Int?
        var write: @Sendable (inout AutoscalingChange, Int?) -> Void
        var restore: @Sendable (inout AutoscalingSettings, Int?) -> Void
    }

    /// Names and ranges are the contract's; the command checks them.
    static let entries: [Entry] = [
        Entry(
            name: "min_replica", label: "Fewest replicas", hint: "0 lets it sleep",
            read: \.minReplica, write: { $0.minReplica = $1 }, restore: { $0.minReplica = $1 ?? 0 }),
        Entry(
            name: "max_replica", label: "Most replicas", hint: "1 to 1000",
            read: \.maxReplica, write: { $0.maxReplica = $1 }, restore: { $0.maxReplica = $1 ?? 1 }),
        Entry(
            name: "concurrency_target", label: "Requests at once per replica", hint: "1 or more",
            read: \.concurrencyTarget, write: { $0.concurrencyTarget = $1 },
            restore: { $0.concurrencyTarget = $1 ?? 1 }),
        Entry(
            name: "target_utilization_percentage", label: "Target utilization, %", hint: "1 to 100",
            read: \.targetUtilizationPercentage, write: { $0.targetUtilizationPercentage = $1 },
            restore: { $0.targetUtilizationPercentage = $1 ?? 1 }),
        Entry(
            name: "autoscaling_window", label: "Window, seconds", hint: "10 to 3600",
            read: \.autoscalingWindow, write: { $0.autoscalingWindow = $1 },
            restore: { $0.autoscalingWindow = $1 ?? 10 }),
        Entry(
            name: "scale_down_delay", label: "Wait before fewer, seconds", hint: "0 to 3600",
            read: \.scaleDownDelay, write: { $0.scaleDownDelay = $1 },
            restore: { $0.scaleDownDelay = $1 ?? 0 }),
        Entry(
            name: "max_scale_down_rate", label: "Most to end at once, %", hint: "1 to 50",
            read: \.maxScaleDownRate, write: { $0.maxScaleDownRate = $1 },
            restore: { $0.maxScaleDownRate = $1 ?? 1 }),
        Entry(
            name: "target_in_flight_tokens", label: "Tokens at once per replica",
            hint: "Empty: replicas follow requests alone",
            read: \.targetInFlightTokens, write: { $0.targetInFlightTokens = $1 },
            restore: { $0.targetInFlightTokens = $1 }),
    ]

    /// The values the form was made of.
    static func was(_ name: String) -> String { "was_\(name)" }

    static let fields = Set(entries.flatMap { [$0.name, was($0.name)] })

    /// - Throws: `ControlError.validation` naming the field.
    static func change(_ form: FormFields) throws -> AutoscalingChange {
        var change = AutoscalingChange()
        for entry in entries {
            let value = try form.number(entry.name)
            if value == nil, entry.name != "target_in_flight_tokens" {
                throw ControlError.validation("\(entry.name) must not be empty.")
            }
            if value == nil, try form.number(was(entry.name)) != nil {
                throw ControlError.validation(
                    "\(entry.name) cannot be removed once it is set; change it instead.")
            }
            entry.write(&change, value)
        }
        return change
    }

    static func expected(_ form: FormFields) throws -> AutoscalingSettings {
        var settings = AutoscalingSettings()
        for entry in entries { entry.restore(&settings, try form.number(was(entry.name))) }
        return settings
    }
}

extension Markup {
    func autoscaling(_ deployment: Deployment, _ visit: Visit) {
        section("Autoscaling", id: "h-autoscaling") {
            guard deployment.status.autoscalingVerdict != nil else {
                el(.p, "\(deployment.status.label): the settings cannot be changed now.", .class("faint"))
                return
            }
            let view = FormView("autoscaling", deployment.path(to: "autoscaling"), visit)
            form(view, class: "grid") {
                for entry in AutoscalingForm.entries {
                    let value = entry.read(deployment.autoscaling).map { "\($0)" } ?? ""
                    // After a conflict the form starts from what holds now, with what was typed.
                    void(.input, .type("hidden"), .name(AutoscalingForm.was(entry.name)), .value(value))
                    field(
                        view, entry.name, entry.label, value: value, hint: entry.hint, .inputmode("numeric"))
                }
                submit("Save")
            }
        }
    }
}
