// Writes what a command found out: a table for people, JSON or YAML for programs.

import ArgumentParser
import Foundation
import SlipwayAPI

enum OutputFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    case table
    case json
    case yaml
}

struct Printer {
    var format: OutputFormat
    var terminal = Terminal.current

    /// Entries of a listing.
    /// - Parameter document: the API's answer, whose member `items` holds the entries.
    func list(_ document: JSONValue, items: String, columns: [Column]) throws {
        try list(document, rows: document[items].elements, columns: columns)
    }

    /// Rows that were made of a document.
    func list(_ document: JSONValue, rows: [JSONValue], columns: [Column]) throws {
        guard format == .table else { return try write(document) }
        // Not in the output: what counts its lines would count this one.
        if rows.isEmpty { return tell("Nothing found.") }
        let table = Table(
            titles: columns.map(\.title), rows: rows.map { row in columns.map { $0.cell(row) } })
        for line in table.lines(on: terminal) { sayPainted(line) }
    }

    /// One thing with all that is known of it.
    func one(_ document: JSONValue) throws {
        guard format == .table else { return try write(document) }
        for (name, value) in Self.fields(document, prefix: "") {
            sayPainted("\(Colour.bold.paint(name + ":", on: terminal)) \(value.printable())")
        }
    }

    /// What was done: a sentence for people, the API's answer for programs.
    func done(_ sentence: String, _ document: JSONValue) throws {
        guard format == .table else { return try write(document) }
        say(sentence.printable())
    }

    private func write(_ document: JSONValue) throws {
        put(DocumentText.shown(try Self.text(document, format), format, on: terminal))
    }

    static func text(_ document: JSONValue, _ format: OutputFormat) throws -> String {
        if format == .yaml { return try YAMLWriter.write(document) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(document), as: UTF8.self) + "\n"
    }

    private static func fields(_ value: JSONValue, prefix: String) -> [(String, String)] {
        guard case .object(let members) = value, !members.isEmpty else { return [(prefix, value.text)] }
        return members.sorted { $0.key < $1.key }.flatMap { name, value in
            fields(value, prefix: prefix.isEmpty ? name.printable() : "\(prefix).\(name.printable())")
        }
    }
}
