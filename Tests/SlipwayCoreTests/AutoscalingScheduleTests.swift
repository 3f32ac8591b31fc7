import SlipwayCore
import Testing

@Suite struct AutoscalingScheduleTests {
    private func schedule(
        _ cadence: ScheduleCadence, _ days: [Weekday], _ start: (Int?, Int), _ end: (Int?, Int),
        enabled: Bool = true, id: String = "s1"
    ) -> AutoscalingSchedule {
        AutoscalingSchedule(
            id: id, name: "peak", isEnabled: enabled, cadence: cadence, weekdays: days, startHour: start.0,
            startMinute: start.1, endHour: end.0, endMinute: end.1,
            overrides: AutoscalingOverrides(minReplica: 2, maxReplica: 8))
    }

    @Test(
        "a daily window, within a day and over midnight",
        arguments: [
            (8, 30, 17, 0, Weekday.monday, 8, 29, false), (8, 30, 17, 0, .monday, 8, 30, true),
            (8, 30, 17, 0, .monday, 16, 59, true), (8, 30, 17, 0, .monday, 17, 0, false),
            (8, 30, 17, 0, .tuesday, 9, 0, false),
            (22, 0, 6, 0, .monday, 23, 0, true), (22, 0, 6, 0, .tuesday, 5, 59, true),
            (22, 0, 6, 0, .tuesday, 6, 0, false), (22, 0, 6, 0, .tuesday, 23, 0, false),
            (22, 0, 6, 0, .monday, 3, 0, false),
        ])
    func daily(
        _ startHour: Int, _ startMinute: Int, _ endHour: Int, _ endMinute: Int, _ weekday: Weekday,
        _ hour: Int, _ minute: Int, _ expected: Bool
    ) {
        let schedule = schedule(.daily, [.monday], (startHour, startMinute), (endHour, endMinute))
        #expect(schedule.holds(at: LocalTime(weekday: weekday, hour: hour, minute: minute)) == expected)
    }

    @Test(
        "an hourly window, within the hour and over its end",
        arguments: [
            (nil, 10, nil, 20, Weekday.sunday, 5, 10, true), (nil, 10, nil, 20, .sunday, 5, 20, false),
            (nil, 10, nil, 20, .monday, 5, 10, false),
            (nil, 50, nil, 10, .sunday, 5, 55, true), (nil, 50, nil, 10, .sunday, 6, 5, true),
            (nil, 50, nil, 10, .sunday, 0, 5, false), (nil, 50, nil, 10, .monday, 0, 5, true),
            (9, 0, 17, 30, .sunday, 9, 29, true), (9, 0, 17, 30, .sunday, 17, 10, false),
            (9, 0, 17, 30, .sunday, 16, 10, true), (22, 0, 2, 30, .sunday, 23, 10, true),
        ] as [(Int?, Int, Int?, Int, Weekday, Int, Int, Bool)])
    func hourly(
        _ startHour: Int?, _ startMinute: Int, _ endHour: Int?, _ endMinute: Int, _ weekday: Weekday,
        _ hour: Int, _ minute: Int, _ expected: Bool
    ) {
        let schedule = schedule(.hourly, [.sunday], (startHour, startMinute), (endHour, endMinute))
        #expect(schedule.holds(at: LocalTime(weekday: weekday, hour: hour, minute: minute)) == expected)
    }

    @Test func theFirstThatHoldsWinsAndADisabledOneNeverHolds() {
        let all = Weekday.allCases
        let schedules = AutoscalingSchedules(
            timezone: "UTC",
            schedules: [
                schedule(.hourly, all, (nil, 0), (nil, 30), enabled: false, id: "off"),
                schedule(.hourly, all, (nil, 0), (nil, 30), id: "first"),
                schedule(.hourly, all, (nil, 0), (nil, 59), id: "second"),
            ])
        func active(_ minute: Int) -> String? {
            schedules.active { _ in LocalTime(weekday: .monday, hour: 1, minute: minute) }?.id
        }
        #expect([0, 29, 30, 58, 59].map(active) == ["first", "first", "second", "second", nil])
        #expect(schedules.active { _ in nil } == nil)
    }

    @Test func overridesReplaceOnlyWhatTheyName() {
        var some = schedule(.daily, [.monday], (1, 0), (2, 0))
        some.overrides.concurrencyTarget = 7
        let settings = AutoscalingSettings(minReplica: 0, maxReplica: 1, autoscalingWindow: 120)
        let effective = settings.overridden(by: some)
        #expect(
            effective
                == AutoscalingSettings(
                    minReplica: 2, maxReplica: 8, autoscalingWindow: 120, concurrencyTarget: 7))
        #expect(settings.overridden(by: nil) == settings)
    }

    private func problem(_ change: AutoscalingSchedulesChange, _ stored: AutoscalingSchedules = .init())
        -> String?
    {
        do {
            _ = try stored.applying(change, to: AutoscalingSettings()) { $0 == "UTC" }
            return nil
        } catch {
            return "\(error)"
        }
    }

    private func creating(
        _ schedule: AutoscalingSchedule, timezone: String? = "UTC"
    ) -> AutoscalingSchedulesChange {
        var change = AutoscalingSchedulesChange()
        change.creations = [schedule]
        if let timezone { change.timezone = .set(timezone) }
        return change
    }

    @Test func whatCannotHoldIsRefusedByName() {
        let good = schedule(.daily, [.monday], (1, 0), (2, 0))
        #expect(problem(creating(good)) == nil)
        #expect(problem(creating(good, timezone: "Mars/Olympus"))?.contains("Mars/Olympus") == true)
        #expect(problem(creating(good, timezone: nil))?.contains("timezone") == true)
        #expect(problem(creating(schedule(.daily, [], (1, 0), (2, 0))))?.contains("weekdays") == true)
        #expect(
            problem(creating(schedule(.daily, [.monday, .monday], (1, 0), (2, 0))))?.contains("weekdays")
                == true)
        #expect(
            problem(creating(schedule(.daily, [.monday], (24, 0), (2, 0))))?.contains("start_hour") == true)
        #expect(
            problem(creating(schedule(.daily, [.monday], (1, 60), (2, 0))))?.contains("start_minute") == true)
        #expect(problem(creating(schedule(.daily, [.monday], (nil, 0), (nil, 5))))?.contains("DAILY") == true)
        #expect(
            problem(creating(schedule(.daily, [.monday], (1, 0), (nil, 5))))?.contains("together") == true)
        #expect(problem(creating(schedule(.daily, [.monday], (1, 5), (1, 5))))?.contains("same time") == true)
        #expect(
            problem(creating(schedule(.hourly, [.monday], (nil, 5), (nil, 5))))?.contains("same time") == true
        )
        var wrong = good
        wrong.overrides.minReplica = 9
        #expect(problem(creating(wrong))?.contains("schedules[0].autoscaling_settings: min_replica") == true)
        var change = AutoscalingSchedulesChange()
        change.deletions = ["gone"]
        #expect(problem(change)?.contains("gone") == true)
        change = AutoscalingSchedulesChange()
        change.replacements = [good]
        #expect(problem(change)?.contains("s1") == true)
        change = AutoscalingSchedulesChange()
        change.timezone = .removed
        #expect(
            problem(change, AutoscalingSchedules(timezone: "UTC", schedules: [good]))?.contains("timezone")
                == true)
    }

    @Test func replacingAndDeletingLeaveTheOthers() throws {
        let (one, two) = (
            schedule(.daily, [.monday], (1, 0), (2, 0), id: "1"),
            schedule(.daily, [.monday], (3, 0), (4, 0), id: "2")
        )
        var change = AutoscalingSchedulesChange()
        change.deletions = ["1"]
        let stored = AutoscalingSchedules(timezone: "UTC", schedules: [one, two])
        let left = try stored.applying(change, to: AutoscalingSettings()) { _ in true }
        #expect(left == AutoscalingSchedules(timezone: "UTC", schedules: [two]))
        change.deletions = ["2"]
        let none = try left.applying(change, to: AutoscalingSettings()) { _ in true }
        #expect(none == AutoscalingSchedules())
    }
}
