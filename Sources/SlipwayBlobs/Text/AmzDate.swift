// The two time formats of S3 requests and answers. Called by signing, verification and object answers.
import Foundation

enum AmzDate {
    /// `20130524T000000Z`, the form of `x-amz-date`, in UTC and whole seconds.
    static func basic(_ date: Date) -> String {
        let time = brokenDown(date)
        return digits(time.tm_year + 1900, 4) + digits(time.tm_mon + 1, 2) + digits(time.tm_mday, 2) + "T"
            + digits(time.tm_hour, 2) + digits(time.tm_min, 2) + digits(time.tm_sec, 2) + "Z"
    }

    /// Reads the basic form; nil for any other text and for dates the calendar does not have.
    static func parse(_ text: String) -> Date? {
        let bytes = Array(text.utf8)
        guard bytes.count == 16, bytes[8] == UInt8(ascii: "T"), bytes[15] == UInt8(ascii: "Z") else {
            return nil
        }
        func number(_ range: Range<Int>) -> Int32? { Int32(String(decoding: bytes[range], as: UTF8.self)) }
        guard let year = number(0..<4), let month = number(4..<6), let day = number(6..<8),
            let hour = number(9..<11), let minute = number(11..<13), let second = number(13..<15)
        else { return nil }
        var time = tm()
        time.tm_year = year - 1900
        time.tm_mon = month - 1
        time.tm_mday = day
        time.tm_hour = hour
        time.tm_min = minute
        time.tm_sec = second
        let date = Date(timeIntervalSince1970: TimeInterval(timegm(&time)))
        return basic(date) == text ? date : nil
    }

    /// `Fri, 24 May 2013 00:00:00 GMT`, the form of `Last-Modified`.
    static func http(_ date: Date) -> String {
        let time = brokenDown(date)
        let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ]
        return "\(weekdays[Int(time.tm_wday)]), \(digits(time.tm_mday, 2)) \(months[Int(time.tm_mon)]) "
            + "\(digits(time.tm_year + 1900, 4)) \(digits(time.tm_hour, 2)):\(digits(time.tm_min, 2)):"
            + "\(digits(time.tm_sec, 2)) GMT"
    }

    private static func brokenDown(_ date: Date) -> tm {
        var seconds = time_t(date.timeIntervalSince1970.rounded(.down))
        var time = tm()
        gmtime_r(&seconds, &time)
        return time
    }

    private static func digits(_ number: Int32, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }
}
