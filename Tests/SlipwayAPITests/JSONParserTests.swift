// The strict reader of request bodies: what it takes, and where it says a document is malformed.

import Testing

@testable import SlipwayAPI

@Suite struct JSONParserTests {
    @Test func `Every kind of value is read and integers stay integers`() throws {
        let text = #" {"a": [1, -2, 1.5, 2e3, 0], "b": {"c": null}, "d": true, "e": false, "f": ""} "#
        let expected: JSONValue = [
            "a": [1, -2, .number(1.5), .number(2000), 0], "b": ["c": .null], "d": true, "e": false, "f": "",
        ]
        #expect(try JSONParser.parse(Array(text.utf8)) == expected)
    }

    @Test func `Escapes and surrogate pairs become characters`() throws {
        let text = #""\" \\ \/ \b \f \n \r \t \u00e9 \ud83d\ude80 é""#
        #expect(try JSONParser.parse(Array(text.utf8)) == "\" \\ / \u{8} \u{C} \n \r \t é 🚀 é")
    }

    @Test func `The largest and smallest integers are exact`() throws {
        #expect(try JSONParser.parse(Array("9223372036854775807".utf8)) == .integer(.max))
        #expect(try JSONParser.parse(Array("-9223372036854775808".utf8)) == .integer(.min))
    }

    @Test(arguments: [
        ("", 0), ("{", 1), ("[1,", 3), ("[1 2]", 3), ("{\"a\" 1}", 5), ("{a: 1}", 1), ("{\"a\": 1,}", 8),
        ("01", 1), ("1.", 2), ("1e", 2), ("-", 1), ("+1", 0), (".5", 0), ("tru", 3), ("nul]", 3), ("NaN", 0),
        ("'a'", 0), ("\"a", 2), ("\"\\x\"", 2), ("\"\\u12g4\"", 5), ("\"\\ud800\"", 3), ("\"a\nb\"", 2),
        ("1 2", 2), ("{} x", 3), ("9223372036854775808", 0), ("1e400", 0), ("{\"a\": 1, \"a\": 2}", 9),
    ])
    func `A malformed document is refused with the offset`(text: String, offset: Int) {
        let error = #expect(throws: MalformedJSON.self) { try JSONParser.parse(Array(text.utf8)) }
        #expect(error?.offset == offset)
    }

    @Test func `A string that is not UTF-8 is refused`() {
        let error = #expect(throws: MalformedJSON.self) { try JSONParser.parse([0x22, 0xFF, 0x22]) }
        #expect(error == MalformedJSON(offset: 0, reason: "a string that is not UTF-8"))
    }

    @Test func `Depth is limited`() throws {
        let limit = JSONParser.maximumDepth
        let deep = { (depth: Int) in
            Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
        }
        _ = try JSONParser.parse(deep(limit + 1))
        #expect(throws: MalformedJSON.self) { try JSONParser.parse(deep(limit + 2)) }
        #expect(throws: MalformedJSON.self) { try JSONParser.parse(deep(1_000_000)) }
    }
}
