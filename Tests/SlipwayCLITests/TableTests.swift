import SlipwayAPI
import Testing

@testable import SlipwayCLI

@Suite("Tables")
struct TableTests {
    private let pipe = Terminal(outputIsTerminal: false)

    private func table(_ rows: [[String]]) -> Table {
        Table(titles: ["NAME", "STATUS"], rows: rows.map { $0.map { Table.Cell($0) } })
    }

    @Test("align columns and leave no blanks at the end of lines")
    func aligns() {
        let lines = table([["a", "ACTIVE"], ["longer-name", "x"]]).lines(on: pipe)
        #expect(lines == ["NAME         STATUS", "a            ACTIVE", "longer-name  x"])
    }

    @Test("count wide and combining characters as a terminal does")
    func widths() {
        #expect("日本".columns == 4)
        #expect("e\u{301}".columns == 1)
        let lines = table([["日本", "1"], ["abcd", "2"]]).lines(on: pipe)
        #expect(lines == ["NAME  STATUS", "日本  1", "abcd  2"])
    }

    @Test("are no wider than the terminal, and cut what is longest")
    func truncates() {
        let terminal = Terminal(outputIsTerminal: true, width: 20)
        let lines = table([["short", String(repeating: "x", count: 100_000)]]).lines(on: terminal)
        #expect(lines.allSatisfy { $0.columns <= 20 })
        #expect(lines[1].hasPrefix("short  xxx") && lines[1].hasSuffix("…"))
    }

    @Test("cut nothing where there is no terminal")
    func whole() {
        let long = String(repeating: "x", count: 500)
        #expect(table([["a", long]]).lines(on: pipe)[1].hasSuffix(long))
    }

    @Test("have colours only where the terminal has")
    func colours() {
        let row = Table(titles: ["S"], rows: [[Table.Cell("ACTIVE", .green)]])
        #expect(row.lines(on: pipe) == ["S", "ACTIVE"])
        let coloured = row.lines(on: Terminal(outputIsTerminal: true, colours: true))
        #expect(coloured[1] == "\u{1B}[32mACTIVE\u{1B}[0m")
    }

    @Test("show what would control the terminal instead of sending it")
    func escapes() {
        let lines = table([["\u{1B}[2J", "a\nb\u{202E}c"]]).lines(on: pipe)
        #expect(lines[1] == "\\u{1b}[2J  a\\u{a}b\\u{202e}c")
        #expect("a\tb\n\u{7}".printable(lines: true) == "a\tb\n\\u{7}")
    }

    @Test("show the newest step of every series of the metrics")
    func metrics() {
        let document: JSONValue = [
            "metric_descriptors": [
                ["name": "a", "unit_hint": "COUNT", "label_sets": [[:], ["status": "2xx"]]],
                ["name": "b", "unit_hint": "SECONDS", "label_sets": [[:]]],
            ],
            "metric_values": [["values": [[0, 0], [0]]], ["values": [[1, 2], [.null]]]],
        ]
        let rows = Metrics.rows(document)
        #expect(rows.map { $0["value"] } == [1, 2, .null])
        #expect(rows.map { $0["name"].text } == ["a", "a", "b"])
        #expect(rows[1]["labels"].text == "status=2xx")
    }

    @Test("a bar of progress never leaves its bounds")
    func bars() {
        #expect(ProgressLine.bar(5, of: 10, width: 4) == "[##--] 50 %")
        #expect(ProgressLine.bar(20, of: 10, width: 4) == "[####] 100 %")
        #expect(ProgressLine.bar(-3, of: 10, width: 4) == "[----] 0 %")
        #expect(ProgressLine.bar(0, of: 0, width: 4) == "[####] 100 %")
    }
}
