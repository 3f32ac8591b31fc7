// Brings the settings of the schedule that holds now onto the deployment that serves.

import Foundation
import SlipwayCore
import SlipwayStore

enum WallClock {
    static func knows(_ timezone: String) -> Bool {
        TimeZone(identifier: timezone) != nil
    }

    /// What a clock in the timezone shows at a moment; nil for an unknown timezone.
    static func time(_ moment: Timestamp, in timezone: String) -> LocalTime? {
        guard let zone = TimeZone(identifier: timezone) else { return nil }
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        let date = Date(timeIntervalSince1970: Double(moment.microseconds) / 1e6)
        let parts = calendar.dateComponents([.weekday, .hour, .minute], from: date)
        guard let weekday = parts.weekday, let hour = parts.hour, let minute = parts.minute else {
            return nil
        }
        return LocalTime(weekday: Weekday.allCases[weekday - 1], hour: hour, minute: minute)
    }
}

extension Environment {
    /// - Parameter now: of the wall clock (`ControlDependencies.wallNow`), as for all times of a day.
    func activeSchedule(at now: Timestamp) -> AutoscalingSchedule? {
        schedules.active { WallClock.time(now, in: $0) }
    }

    /// What the deployment that serves has now: the environment's own settings, or a schedule's.
    func effectiveAutoscaling(at now: Timestamp) -> AutoscalingSettings {
        autoscaling.overridden(by: activeSchedule(at: now))
    }
}

extension Controller {
    func stepSchedules() async throws {
        let now = dependencies.wallNow
        let environments = records.scheduled.flatMap { records.environments(of: $0) }
        for environment in environments where !environment.schedules.schedules.isEmpty {
            guard let id = environment.currentDeploymentID, let current = records.deployments[id],
                current.autoscaling != environment.effectiveAutoscaling(at: now)
            else { continue }
            let schedule = environment.activeSchedule(at: now)
            let changed = try await store.write { db in
                guard let environment = try db.environment(environment.name, of: environment.modelID),
                    environment.currentDeploymentID == id, var current = try db.deployment(id),
                    try !db.isInPromotion(current)
                else { return false }
                current.adopt(environment.effectiveAutoscaling(at: now))
                try db.update(current)
                return true
            }
            guard changed else { continue }
            log(
                schedule.map { "Autoscaling schedule \"\($0.name)\" holds from now on." }
                    ?? "The environment's own autoscaling settings hold again.", .info, of: id)
            inbox.ring()
        }
    }
}
