// Documents about autoscaling schedules.

/// Days of the week.
public enum AutoscalingScheduleWeekdayV1: String, Codable, Sendable, CaseIterable {
    case sunday = "SUNDAY"
    case monday = "MONDAY"
    case tuesday = "TUESDAY"
    case wednesday = "WEDNESDAY"
    case thursday = "THURSDAY"
    case friday = "FRIDAY"
    case saturday = "SATURDAY"
}

/// How often a schedule holds.
public enum AutoscalingScheduleCadenceV1: String, Codable, Sendable, CaseIterable {
    case daily = "DAILY"
    case hourly = "HOURLY"
}

/// Settings that hold instead of the environment's; null follows the environment.
public struct AutoscalingScheduleSettingsV1: Codable, Sendable, Equatable {
    public var minReplica: Int
    public var maxReplica: Int
    @Nullable public var autoscalingWindow: Int?
    @Nullable public var scaleDownDelay: Int?
    @Nullable public var concurrencyTarget: Int?
    @Nullable public var targetUtilizationPercentage: Int?
    @Nullable public var targetInFlightTokens: Int?
    @Nullable public var maxScaleDownRate: Int?

    public init(minReplica: Int, maxReplica: Int) {
        self.minReplica = minReplica
        self.maxReplica = maxReplica
    }

    enum CodingKeys: String, CodingKey {
        case minReplica = "min_replica"
        case maxReplica = "max_replica"
        case autoscalingWindow = "autoscaling_window"
        case scaleDownDelay = "scale_down_delay"
        case concurrencyTarget = "concurrency_target"
        case targetUtilizationPercentage = "target_utilization_percentage"
        case targetInFlightTokens = "target_in_flight_tokens"
        case maxScaleDownRate = "max_scale_down_rate"
    }
}

extension AutoscalingScheduleSettingsV1: WireRequest {
    public init(reading members: MemberReader) throws(BadRequest) {
        self.init(
            minReplica: try members.integer("min_replica"), maxReplica: try members.integer("max_replica"))
        autoscalingWindow = try members.optionalInteger("autoscaling_window")
        scaleDownDelay = try members.optionalInteger("scale_down_delay")
        concurrencyTarget = try members.optionalInteger("concurrency_target")
        targetUtilizationPercentage = try members.optionalInteger("target_utilization_percentage")
        targetInFlightTokens = try members.optionalInteger("target_in_flight_tokens")
        maxScaleDownRate = try members.optionalInteger("max_scale_down_rate")
    }
}

/// A schedule, as it is read and, without an id when it is new, written.
public struct AutoscalingScheduleV1: Codable, Sendable, Equatable {
    /// Nil in a request that makes one.
    public var id: String?
    public var name: String
    public var enabled: Bool
    public var cadence: AutoscalingScheduleCadenceV1
    public var weekdays: [AutoscalingScheduleWeekdayV1]
    @Nullable public var startHour: Int?
    public var startMinute: Int
    @Nullable public var endHour: Int?
    public var endMinute: Int
    public var autoscalingSettings: AutoscalingScheduleSettingsV1

    public init(
        id: String?, name: String, enabled: Bool, cadence: AutoscalingScheduleCadenceV1,
        weekdays: [AutoscalingScheduleWeekdayV1], startHour: Int?, startMinute: Int, endHour: Int?,
        endMinute: Int, autoscalingSettings: AutoscalingScheduleSettingsV1
    ) {
        self.id = id
        self.name = name
        self.enabled = enabled
        self.cadence = cadence
        self.weekdays = weekdays
        self.startHour = startHour
        self.startMinute = startMinute
        self.endHour = endHour
        self.endMinute = endMinute
        self.autoscalingSettings = autoscalingSettings
    }

    enum CodingKeys: String, CodingKey {
        case id, name, enabled, cadence, weekdays
        case startHour = "start_hour"
        case startMinute = "start_minute"
        case endHour = "end_hour"
        case endMinute = "end_minute"
        case autoscalingSettings = "autoscaling_settings"
    }
}

extension AutoscalingScheduleV1: WireRequest {
    public init(reading members: MemberReader) throws(BadRequest) {
        var weekdays: [AutoscalingScheduleWeekdayV1] = []
        for text in try members.optionalStrings("weekdays", atMost: 7) ?? [] {
            guard let weekday = AutoscalingScheduleWeekdayV1(rawValue: text) else {
                throw members.unknownChoice(
                    "weekdays", text, of: AutoscalingScheduleWeekdayV1.allCases.map(\.rawValue))
            }
            weekdays.append(weekday)
        }
        self.init(
            id: try members.optionalString("id"), name: try members.string("name"),
            enabled: try members.boolean("enabled"),
            cadence: try members.choice("cadence", as: AutoscalingScheduleCadenceV1.self), weekdays: weekdays,
            startHour: try members.optionalInteger("start_hour"),
            startMinute: try members.integer("start_minute"),
            endHour: try members.optionalInteger("end_hour"),
            endMinute: try members.integer("end_minute"),
            autoscalingSettings: try members.request(
                "autoscaling_settings", as: AutoscalingScheduleSettingsV1.self))
    }
}

/// Changes to the schedules of an environment; those that are not named stay.
public struct UpdateAutoscalingScheduleSettingsV1: WireRequest {
    public var timezone: MemberChange<String>
    public var schedules: [AutoscalingScheduleV1]
    public var deleteSchedules: [String]

    public init(reading members: MemberReader) throws(BadRequest) {
        timezone = try members.textChange("timezone")
        schedules = try members.requests("schedules", as: AutoscalingScheduleV1.self)
        deleteSchedules = try members.optionalStrings("delete_schedules") ?? []
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(timezone, forKey: .timezone)
        try container.encode(schedules, forKey: .schedules)
        try container.encode(deleteSchedules, forKey: .deleteSchedules)
    }

    enum CodingKeys: String, CodingKey {
        case timezone, schedules
        case deleteSchedules = "delete_schedules"
    }
}

/// Which settings the deployment that serves has now.
public struct AutoscalingScheduleStateV1: Codable, Sendable, Equatable {
    /// Null while the environment's own settings hold.
    @Nullable public var scheduleID: String?
    public var autoscalingSettings: AutoscalingSettingsV1

    public init(scheduleID: String?, autoscalingSettings: AutoscalingSettingsV1) {
        self.scheduleID = scheduleID
        self.autoscalingSettings = autoscalingSettings
    }

    enum CodingKeys: String, CodingKey {
        case scheduleID = "schedule_id"
        case autoscalingSettings = "autoscaling_settings"
    }
}

/// The schedules of an environment.
public struct EnvironmentAutoscalingSchedulesV1: Codable, Sendable, Equatable {
    @Nullable public var timezone: String?
    public var schedules: [AutoscalingScheduleV1]
    /// Null while nothing serves.
    @Nullable public var appliedState: AutoscalingScheduleStateV1?

    public init(
        timezone: String?, schedules: [AutoscalingScheduleV1], appliedState: AutoscalingScheduleStateV1?
    ) {
        self.timezone = timezone
        self.schedules = schedules
        self.appliedState = appliedState
    }

    enum CodingKeys: String, CodingKey {
        case timezone, schedules
        case appliedState = "applied_state"
    }
}
