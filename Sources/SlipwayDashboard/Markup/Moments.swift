// Times: in UTC as text, exact in `datetime`, from which a script shows them in the viewer's zone.

import SlipwayCore

extension Timestamp {
    /// `2026-11-29T09:12:52Z`
    var iso8601: String { text(between: "T", end: "Z") }

    /// `2026-11-29 09:12:52 UTC`
    var readable: String { text(between: " ", end: " UTC") }

    private func text(between: String, end: String) -> String {
        let seconds = microseconds.floorDivided(by: 1_000_000)
        let day = seconds.floorDivided(by: 86400)
        let second = Int(seconds - day * 86400)
        let date = Self.date(ofDay: Int(day))
        return "\(date.year.digits(4))-\(date.month.digits(2))-\(date.day.digits(2))\(between)"
            + "\((second / 3600).digits(2)):\((second / 60 % 60).digits(2)):\((second % 60).digits(2))\(end)"
    }

    /// The date of a day after 1970-01-01, by the proleptic Gregorian calendar: years begin in March here, so that the leap
    /// day is the last.
    private static func date(ofDay number: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = number + 719_468
        let era = Int64(shifted).floorDivided(by: 146_097)
        let dayOfEra = shifted - Int(era) * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (
            yearOfEra + Int(era) * 400 + (month <= 2 ? 1 : 0), month,
            dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        )
    }
}

extension Int64 {
    fileprivate func floorDivided(by divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}

extension Int {
    fileprivate func digits(_ count: Int) -> String {
        let text = String(self)
        return String(repeating: "0", count: Swift.max(0, count - text.count)) + text
    }
}

extension Markup {
    func time(_ moment: Timestamp) {
        el(.time, moment.readable, .datetime(moment.iso8601))
    }
}
