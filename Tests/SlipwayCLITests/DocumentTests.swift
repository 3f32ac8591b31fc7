import Foundation
import SlipwayAPI
import Testing
import Yams

@testable import SlipwayCLI

@Suite("Documents")
struct DocumentTests {
    private static let document: JSONValue = [
        "text": "plain words",
        "quoted": [
            "yes", "012", "1:30", "2026-01-02", "null", "- x", "a: b", "", " a ", "~", "é", "a\nb", "<<", "=",
        ],
        "numbers": [1, -5, .number(0.25), .number(1e-05), .number(1e+20)], "nothing": .null,
        "flags": [true, false],
        "empty": ["list": [], "object": [:]], "on": ["nested": [[1], [2]]],
    ]

    @Test("read back from YAML as what they were")
    func yaml() throws {
        let text = try YAMLWriter.write(Self.document)
        let read = try #require(try Yams.load(yaml: text) as? [String: Any])
        #expect(read["text"] as? String == "plain words")
        #expect(read["quoted"] as? [String] == Self.document["quoted"].elements.map(\.text))
        #expect(read["flags"] as? [Bool] == [true, false])
        #expect(read["nothing"] is NSNull)
        let numbers = try #require(read["numbers"] as? [Any])
        #expect(numbers[0] as? Int == 1 && numbers[2] as? Double == 0.25 && numbers[3] as? Double == 1e-05)
        #expect(text.contains("1.0e-05"), "YAML 1.1 takes 1e-05 for a text")
        #expect(text.contains("\"on\":"), "YAML 1.1 takes on for true")
    }

    @Test("read back from JSON as what they were")
    func json() throws {
        let text = try Printer.text(Self.document, .json)
        #expect(WireJSON.value(from: Array(text.utf8)) == Self.document)
    }

    @Test("members are read by path, as far as they are there")
    func paths() {
        let document: JSONValue = ["a": ["b": "c"], "n": .null]
        #expect(document[path: "a.b"] == "c")
        #expect(document[path: "a.b.c"] == nil)
        #expect(document[path: "n"] == nil)
        #expect(document["x"].elements.isEmpty)
        #expect(document.replacing("n", with: 1)["n"] == 1)
    }

    @Test("paths and queries keep to one segment and one value, whatever is in them")
    func addresses() {
        #expect(path("v1", "a/../b", "?x#y") == "/v1/a%2F..%2Fb/%3Fx%23y")
        #expect(path("..", ".") == "/%2E%2E/%2E")
        #expect(query(["name": "a&b=c", "none": nil]) == "?name=a%26b%3Dc")
        #expect(query(["none": nil]) == "")
    }

    @Test("an answer that comes in pieces keeps its characters whole")
    func pieces() {
        var output = AnswerOutput(terminal: Terminal(outputIsTerminal: true))
        let bytes = Array("aé日😀\u{1B}z".utf8)
        #expect(bytes.map { output.text(of: [$0]) }.joined() == "aé日😀\\u{1b}z")
    }
}
