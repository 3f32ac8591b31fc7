// How the records that every pass reads are made of their rows. Decoding them with `Codable` took half of a pass: it looks
// each column up by name, through several layers of generic code, and parses the same JSON again in every row.

import Foundation
import GRDB
import SlipwayCore
import Synchronization

/// Reads the columns of a row from left to right: in the order of the record's `columns`, which is that of its
/// selection.
struct ColumnReader: ~Copyable {
    private let row: Row
    private var index = 0

    init(_ row: Row) { self.row = row }

    /// - Throws: `RowDecodingError` when the column holds something else.
    mutating func next<Value: DatabaseValueConvertible & StatementColumnConvertible>() throws -> Value {
        defer { index += 1 }
        return try row.decode(Value.self, atIndex: index)
    }

    mutating func optional<Value: DatabaseValueConvertible & StatementColumnConvertible>() throws -> Value? {
        defer { index += 1 }
        return try row.decode(Value?.self, atIndex: index)
    }

    mutating func id<Entity>() throws -> Identifier<Entity> { Identifier(try next()) }

    mutating func optionalID<Entity>() throws -> Identifier<Entity>? {
        let text: String? = try optional()
        return text.map { Identifier($0) }
    }

    mutating func time() throws -> Timestamp { Timestamp(microseconds: try next()) }

    mutating func optionalTime() throws -> Timestamp? {
        let microseconds: Int64? = try optional()
        return microseconds.map { Timestamp(microseconds: $0) }
    }

    mutating func choice<Choice: RawRepresentable<String>>() throws -> Choice { try Self.choice(next()) }

    mutating func optionalChoice<Choice: RawRepresentable<String>>() throws -> Choice? {
        let text: String? = try optional()
        return try text.map { try Self.choice($0) }
    }

    private static func choice<Choice: RawRepresentable<String>>(_ text: String) throws -> Choice {
        guard let choice = Choice(rawValue: text) else {
            throw DatabaseError(message: "\(Choice.self) cannot be \"\(text)\"")
        }
        return choice
    }

    mutating func json<Value>(_ known: DecodedTexts<Value>) throws -> Value { try known.value(of: next()) }
}

/// The values of JSON texts that have been read: most rows hold one of a few texts.
final class DecodedTexts<Value: Decodable & Sendable>: Sendable {
    /// Enough for the settings that people think of; a table with more is decoded as before.
    private static var most: Int { 1024 }
    private let values = Mutex<[String: Value]>([:])

    func value(of text: String) throws -> Value {
        if let known = values.withLock({ $0[text] }) { return known }
        let value = try JSONDecoder().decode(Value.self, from: Data(text.utf8))
        values.withLock { values in
            if values.count >= Self.most { values = [:] }
            values[text] = value
        }
        return value
    }
}

extension DecodedTexts where Value == AutoscalingSettings {
    static let autoscaling = DecodedTexts()
}

extension DecodedTexts where Value == PromotionSettings {
    static let promotionSettings = DecodedTexts()
}

extension DecodedTexts where Value == AutoscalingSchedules {
    static let schedules = DecodedTexts()
}

extension DecodedTexts where Value == Rollout {
    static let rollouts = DecodedTexts()
}

extension DecodedTexts where Value == AsyncRetryPolicy {
    static let retries = DecodedTexts()
}

extension DecodedTexts where Value == [AsyncError] {
    static let errors = DecodedTexts()
}
