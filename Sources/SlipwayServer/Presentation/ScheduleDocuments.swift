// Autoscaling schedules as the documents of the contract, and back.

import SlipwayAPI
import SlipwayControl
import SlipwayCore

extension EnvironmentAutoscalingSchedulesV1 {
    /// Nil without any schedule.
    init?(_ view: EnvironmentView) {
        let schedules = view.environment.schedules
        guard !schedules.schedules.isEmpty else { return nil }
        self.init(
            timezone: schedules.timezone, schedules: schedules.schedules.map { AutoscalingScheduleV1($0) },
            appliedState: view.current.map {
                AutoscalingScheduleStateV1(
                    scheduleID: view.activeScheduleID,
                    autoscalingSettings: AutoscalingSettingsV1($0.deployment.autoscaling))
            })
    }
}

extension AutoscalingScheduleV1 {
    fileprivate init(_ schedule: AutoscalingSchedule) {
        self.init(
            id: schedule.id, name: schedule.name, enabled: schedule.isEnabled,
            cadence: schedule.cadence == .daily ? .daily : .hourly,
            weekdays: schedule.weekdays.compactMap { AutoscalingScheduleWeekdayV1(rawValue: $0.rawValue) },
            startHour: schedule.startHour, startMinute: schedule.startMinute, endHour: schedule.endHour,
            endMinute: schedule.endMinute,
            autoscalingSettings: AutoscalingScheduleSettingsV1(schedule.overrides))
    }
}

extension AutoscalingScheduleSettingsV1 {
    fileprivate init(_ overrides: AutoscalingOverrides) {
        self.init(minReplica: overrides.minReplica, maxReplica: overrides.maxReplica)
        autoscalingWindow = overrides.autoscalingWindow
        scaleDownDelay = overrides.scaleDownDelay
        concurrencyTarget = overrides.concurrencyTarget
        targetUtilizationPercentage = overrides.targetUtilizationPercentage
        targetInFlightTokens = overrides.targetInFlightTokens
        maxScaleDownRate = overrides.maxScaleDownRate
    }
}

extension AutoscalingSchedulesChange {
    init(_ document: UpdateAutoscalingScheduleSettingsV1?) {
        self.init()
        guard let document else { return }
        timezone = OptionalChange(document.timezone) { $0 }
        deletions = document.deleteSchedules
        var random = SystemRandomNumberGenerator()
        for schedule in document.schedules {
            if let id = schedule.id {
                replacements.append(AutoscalingSchedule(schedule, id: id))
            } else {
                let id = Identifier<AutoscalingSchedule>.random(
                    length: IdentifierLength.other, using: &random)
                creations.append(AutoscalingSchedule(schedule, id: id.text))
            }
        }
    }
}

extension AutoscalingSchedule {
    fileprivate init(_ document: AutoscalingScheduleV1, id: String) {
        var overrides = AutoscalingOverrides(
            minReplica: document.autoscalingSettings.minReplica,
            maxReplica: document.autoscalingSettings.maxReplica)
        overrides.autoscalingWindow = document.autoscalingSettings.autoscalingWindow
        overrides.scaleDownDelay = document.autoscalingSettings.scaleDownDelay
        overrides.concurrencyTarget = document.autoscalingSettings.concurrencyTarget
        overrides.targetUtilizationPercentage = document.autoscalingSettings.targetUtilizationPercentage
        overrides.targetInFlightTokens = document.autoscalingSettings.targetInFlightTokens
        overrides.maxScaleDownRate = document.autoscalingSettings.maxScaleDownRate
        self.init(
            id: id, name: document.name, isEnabled: document.enabled,
            cadence: document.cadence == .daily ? .daily : .hourly,
            weekdays: document.weekdays.compactMap { Weekday(rawValue: $0.rawValue) },
            startHour: document.startHour, startMinute: document.startMinute, endHour: document.endHour,
            endMinute: document.endMinute, overrides: overrides)
    }
}
