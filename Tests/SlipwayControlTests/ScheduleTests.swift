// Autoscaling settings that hold at certain times.

import SlipwayCore
import SlipwayTestSupport
import Testing

@testable import SlipwayControl

@Suite struct ScheduleTests {
    @Test("the serving deployment gets a schedule's settings while it holds, and its own again after")
    func comesAndGoes() async throws {
        try await World.run { world in
            // 2026-09-21 is a Monday; the clock of these tests shows 14:13:20 UTC, 10:13:20 in New York.
            let deployment = try await world.push()
            try await world.serves(deployment)
            var change = AutoscalingSchedulesChange()
            change.timezone = .set("America/New_York")
            change.creations = [
                AutoscalingSchedule(
                    id: "s1", name: "noon", isEnabled: true, cadence: .daily, weekdays: [.monday],
                    startHour: 11, startMinute: 0, endHour: 12, endMinute: 0,
                    overrides: AutoscalingOverrides(minReplica: 3, maxReplica: 5))
            ]
            _ = try await world.control.updateEnvironment(
                Environment.production, of: deployment.modelID, autoscaling: AutoscalingChange(),
                promotion: PromotionSettingsChange(), schedules: change, by: world.admin)
            #expect(try await world.now(deployment).autoscaling.minReplica == 0)
            world.clock.advance(.seconds(3600))
            try await world.until("the schedule holds") {
                try await world.now(deployment).autoscaling.minReplica == 3
            }
            try await world.until("three replicas run") { world.running(for: deployment).count == 3 }
            let view = try await world.production(of: deployment)
            #expect(view.activeScheduleID == "s1" && view.environment.autoscaling.minReplica == 0)
            let next = try await world.push(environment: Environment.production)
            try await world.serves(next)
            #expect(try await world.now(next).autoscaling.maxReplica == 5)
            world.clock.advance(.seconds(3600))
            try await world.until("its own settings hold") {
                try await world.now(next).autoscaling == AutoscalingSettings()
            }
            change = AutoscalingSchedulesChange()
            change.deletions = ["s1"]
            _ = try await world.control.updateEnvironment(
                Environment.production, of: deployment.modelID, autoscaling: AutoscalingChange(),
                promotion: PromotionSettingsChange(), schedules: change, by: world.admin)
            #expect(
                try await world.production(of: deployment).environment.schedules == AutoscalingSchedules())
        }
    }

    @Test("schedules go by the wall clock wherever they are asked: in answers, and when a promotion swaps")
    func wallClock() async throws {
        let directory = try Directory()
        // Steady time is half a day behind.
        let clock = ManualClock()
        try await World.run(
            in: directory.path, clock: clock,
            adjust: { $0.wallClock = { clock.now + .seconds(12 * 3600) } }
        ) { world in
            let first = try await world.push()
            try await world.serves(first)
            let hour = try #require(WallClock.time(clock.now + .seconds(12 * 3600), in: "UTC")?.hour)
            let schedule = AutoscalingSchedule(
                id: "s1", name: "now", isEnabled: true, cadence: .daily, weekdays: Weekday.allCases,
                startHour: hour, startMinute: 0, endHour: (hour + 2) % 24, endMinute: 0,
                overrides: AutoscalingOverrides(minReplica: 3, maxReplica: 5))
            try await world.store.write { db in
                guard var environment = try db.environment("production", of: first.modelID) else { return }
                environment.schedules = AutoscalingSchedules(timezone: "UTC", schedules: [schedule])
                try db.update(environment)
            }
            #expect(try await world.production(of: first).activeScheduleID == "s1")
            let second = try await world.push(environment: "production")
            try await world.serves(second)
            #expect(try await world.now(second).autoscaling.minReplica == 3)
        }
    }

    @Test func timezonesAreTheNamesOfIANA() {
        #expect(WallClock.knows("Europe/Berlin") && WallClock.knows("UTC"))
        #expect(!WallClock.knows("Europe/Bonn") && !WallClock.knows(""))
        let summer = Timestamp(microseconds: 1_783_000_000_000_000)
        #expect(
            WallClock.time(summer, in: "Europe/Berlin")
                == LocalTime(weekday: .thursday, hour: 15, minute: 46))
    }
}
