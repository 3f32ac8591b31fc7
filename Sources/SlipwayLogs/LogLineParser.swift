// Turns one line a model server wrote into its parts. Truss servers write JSON lines; user code may print
// anything.

import Foundation
import SlipwayCore

public struct ParsedLine: Sendable, Equatable {
    public var message: String
    public var level: LogLevel?
    public var requestID: String?

    public init(message: String, level: LogLevel? = nil, requestID: String? = nil) {
        self.message = message
        self.level = level
        self.requestID = requestID
    }
}

public enum LogLineParser {
    public static func parse(_ line: String) -> ParsedLine {
        guard line.first == "{",
            let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
            let message = object["message"] as? String
        else { return ParsedLine(message: line) }
        var parts = [message]
        for key in ["exc_info", "stack_info"] {
            if let text = object[key] as? String, !text.isEmpty { parts.append(text) }
        }
        return ParsedLine(
            message: parts.joined(separator: "\n"),
            level: (object["levelname"] as? String ?? object["level"] as? String).flatMap(level),
            requestID: object["request_id"] as? String)
    }

    private static func level(_ name: String) -> LogLevel? {
        switch name.uppercased() {
        case "WARN": .warning
        case "FATAL": .critical
        case let other: LogLevel(rawValue: other)
        }
    }
}
