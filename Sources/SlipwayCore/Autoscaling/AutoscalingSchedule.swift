// Other autoscaling settings at certain times of the week: which one holds when, and what a change makes of the
// collection. The contract leaves open what it says here about overlaps (the schedule that was made first wins) and
// about windows that end before they begin (they end in the next day or hour).

public enum Weekday: String, Sendable, Codable, CaseIterable {
    case sunday = "SUNDAY"
    case monday = "MONDAY"
    case tuesday = "TUESDAY"
    case wednesday = "WEDNESDAY"
    case thursday = "THURSDAY"
    case friday = "FRIDAY"
    case saturday = "SATURDAY"

    var before: Weekday {
        let all = Self.allCases
        return all[((all.firstIndex(of: self) ?? 0) + all.count - 1) % all.count]
    }
}

/// What a clock on the wall shows.
public struct LocalTime: Sendable, Equatable {
    public var weekday: Weekday
    public var hour: Int
    public var minute: Int

    public init(weekday: Weekday, hour: Int, minute: Int) {
        self.weekday = weekday
        self.hour = hour
        self.minute = minute
    }
}

public enum ScheduleCadence: String, Sendable, Codable, CaseIterable {
    /// Once per selected weekday.
    case daily = "DAILY"
    /// Every hour, or every hour of a range, on selected weekdays.
    case hourly = "HOURLY"
}

/// Settings that hold instead of the environment's; nil follows the environment.
public struct AutoscalingOverrides: Sendable, Codable, Equatable {
    public var minReplica: Int
    public var maxReplica: Int
    public var autoscalingWindow: Int?
    public var scaleDownDelay: Int?
    public var concurrencyTarget: Int?
    public var targetUtilizationPercentage: Int?
    public var targetInFlightTokens: Int?
    public var maxScaleDownRate: Int?

    public init(minReplica: Int, maxReplica: Int) {
        self.minReplica = minReplica
        self.maxReplica = maxReplica
    }

    var change: AutoscalingChange {
        var change = AutoscalingChange()
        change.minReplica = minReplica
        change.maxReplica = maxReplica
        change.autoscalingWindow = autoscalingWindow
        change.scaleDownDelay = scaleDownDelay
        change.concurrencyTarget = concurrencyTarget
        change.targetUtilizationPercentage = targetUtilizationPercentage
        change.targetInFlightTokens = targetInFlightTokens
        change.maxScaleDownRate = maxScaleDownRate
        return change
    }
}

public struct AutoscalingSchedule: Sendable, Codable, Equatable {
    public var id: String
    public var name: String
    public var isEnabled: Bool
    public var cadence: ScheduleCadence
    public var weekdays: [Weekday]
    /// 0–23; of an hourly schedule nil means every hour.
    public var startHour: Int?
    /// 0–59.
    public var startMinute: Int
    /// 0–23; of an hourly schedule the first hour that is left out again.
    public var endHour: Int?
    /// 0–59; the window ends before this minute.
    public var endMinute: Int
    public var overrides: AutoscalingOverrides

    public init(
        id: String, name: String, isEnabled: Bool, cadence: ScheduleCadence, weekdays: [Weekday],
        startHour: Int?, startMinute: Int, endHour: Int?, endMinute: Int, overrides: AutoscalingOverrides
    ) {
        self.id = id
        self.name = name
        self.isEnabled = isEnabled
        self.cadence = cadence
        self.weekdays = weekdays
        self.startHour = startHour
        self.startMinute = startMinute
        self.endHour = endHour
        self.endMinute = endMinute
        self.overrides = overrides
    }

    public func holds(at time: LocalTime) -> Bool {
        guard isEnabled else { return false }
        switch cadence {
        case .daily:
            let now = time.hour * 60 + time.minute
            let start = (startHour ?? 0) * 60 + startMinute
            let end = (endHour ?? 0) * 60 + endMinute
            if start < end { return weekdays.contains(time.weekday) && start <= now && now < end }
            return weekdays.contains(time.weekday) && now >= start
                || weekdays.contains(time.weekday.before) && now < end
        case .hourly:
            if startMinute < endMinute {
                return hasHour(time) && startMinute <= time.minute && time.minute < endMinute
            }
            var earlier = time
            if time.hour == 0 { earlier.weekday = time.weekday.before }
            earlier.hour = (time.hour + 23) % 24
            return hasHour(time) && time.minute >= startMinute
                || hasHour(earlier) && time.minute < endMinute
        }
    }

    private func hasHour(_ time: LocalTime) -> Bool {
        guard weekdays.contains(time.weekday) else { return false }
        guard let startHour, let endHour else { return true }
        return startHour < endHour
            ? startHour <= time.hour && time.hour < endHour : time.hour >= startHour || time.hour < endHour
    }

    func check(_ place: String, _ settings: AutoscalingSettings) throws(SettingProblem) {
        guard (1...100).contains(name.utf8.count) else {
            throw SettingProblem("\(place).name must have 1 to 100 bytes.")
        }
        guard !weekdays.isEmpty, Set(weekdays).count == weekdays.count else {
            throw SettingProblem("\(place).weekdays must name at least one weekday, each once.")
        }
        try SettingProblem.check("\(place).start_minute", startMinute, in: 0...59)
        try SettingProblem.check("\(place).end_minute", endMinute, in: 0...59)
        if let startHour { try SettingProblem.check("\(place).start_hour", startHour, in: 0...23) }
        if let endHour { try SettingProblem.check("\(place).end_hour", endHour, in: 0...23) }
        guard (startHour == nil) == (endHour == nil) else {
            throw SettingProblem("\(place): start_hour and end_hour go together.")
        }
        if cadence == .daily, startHour == nil {
            throw SettingProblem("\(place): a DAILY schedule needs start_hour and end_hour.")
        }
        let isEmpty =
            startMinute == endMinute && (cadence == .hourly || startHour == endHour)
            || cadence == .hourly && startHour != nil && startHour == endHour
        if isEmpty { throw SettingProblem("\(place): the window begins and ends at the same time.") }
        do throws(SettingProblem) {
            _ = try settings.applying(overrides.change)
        } catch {
            throw SettingProblem("\(place).autoscaling_settings: \(error)")
        }
    }
}

/// The schedules of an environment, in the order they were made.
public struct AutoscalingSchedules: Sendable, Codable, Equatable {
    public static let most = 50

    /// IANA name; nil without any schedule.
    public var timezone: String?
    public var schedules: [AutoscalingSchedule]

    public init(timezone: String? = nil, schedules: [AutoscalingSchedule] = []) {
        self.timezone = timezone
        self.schedules = schedules
    }

    /// The schedule that holds now; nil for the environment's own settings.
    /// - Parameter time: what a clock in the timezone shows; nil for an unknown timezone.
    public func active(_ time: (_ timezone: String) -> LocalTime?) -> AutoscalingSchedule? {
        guard let timezone, let time = time(timezone) else { return nil }
        return schedules.first { $0.holds(at: time) }
    }

    /// The collection after a change. New schedules carry their new ids already.
    /// - Parameters:
    ///   - settings: the environment's own, which the overrides are merged with.
    ///   - knows: whether there is such a timezone.
    /// - Throws: `SettingProblem` naming the field.
    public func applying(
        _ change: AutoscalingSchedulesChange, to settings: AutoscalingSettings,
        knows: (_ timezone: String) -> Bool
    ) throws(SettingProblem) -> AutoscalingSchedules {
        let name = "autoscaling_schedule_settings"
        var new = self
        for id in change.deletions {
            guard new.schedules.contains(where: { $0.id == id }) else {
                throw SettingProblem("\(name).delete_schedules: there is no schedule \(id).")
            }
            new.schedules.removeAll { $0.id == id }
        }
        for schedule in change.creations { new.schedules.append(schedule) }
        for schedule in change.replacements {
            guard let index = new.schedules.firstIndex(where: { $0.id == schedule.id }) else {
                throw SettingProblem("\(name).schedules: there is no schedule \(schedule.id).")
            }
            new.schedules[index] = schedule
        }
        new.timezone = change.timezone.applied(to: timezone)
        try new.check(settings, knows: knows)
        if new.schedules.isEmpty { new.timezone = nil }
        return new
    }

    /// - Throws: `SettingProblem` when the schedules do not go with the environment's own settings.
    public func check(
        _ settings: AutoscalingSettings, knows: (_ timezone: String) -> Bool
    ) throws(SettingProblem) {
        let name = "autoscaling_schedule_settings"
        guard schedules.count <= Self.most else {
            throw SettingProblem("\(name).schedules: at most \(Self.most), not \(schedules.count).")
        }
        for (index, schedule) in schedules.enumerated() {
            try schedule.check("\(name).schedules[\(index)]", settings)
        }
        if let timezone {
            guard knows(timezone) else {
                throw SettingProblem("\(name).timezone: there is no timezone \"\(timezone.prefix(100))\".")
            }
        } else if !schedules.isEmpty {
            throw SettingProblem("\(name).timezone is required while there are schedules.")
        }
    }
}

/// The members of a PATCH.
public struct AutoscalingSchedulesChange: Sendable, Equatable {
    public var timezone = OptionalChange<String>.unchanged
    public var creations: [AutoscalingSchedule] = []
    public var replacements: [AutoscalingSchedule] = []
    public var deletions: [String] = []

    public init() {}
}

extension AutoscalingSettings {
    /// These settings with what a schedule puts in their place.
    public func overridden(by schedule: AutoscalingSchedule?) -> AutoscalingSettings {
        // Checked when either was stored.
        schedule.flatMap { try? applying($0.overrides.change) } ?? self
    }
}
