// The language and the executor, against a small schema.

import Foundation
import Testing

@testable import SlipwayGraphQL

@Suite struct GraphQLTests {
    struct Secret: Error {}

    let schema = GraphQLSchema<String>(
        queries: [
            GraphQLField("models", arguments: [.init("all", .bool), .init("team_id", .string)]) { _, _ in
                .list([
                    .object(
                        GraphQLObject(
                            [("id", .string("m1")), ("name", .string("a")), ("team", .null)],
                            typeName: "Model")),
                    .object(
                        GraphQLObject(
                            [
                                ("id", .string("m2")), ("name", .string("b")),
                                ("team", .object(GraphQLObject([("id", .string("t"))], typeName: "Team"))),
                            ], typeName: "Model")),
                ])
            },
            GraphQLField("who") { context, _ in .string(context) },
            GraphQLField("credentials") { _, _ in
                .object(GraphQLObject([("key", .string("k"))], alwaysIncluded: [("endpoint", .string("e"))]))
            },
            GraphQLField("missing") { _, _ in
                throw GraphQLFailure(code: "RESOURCE_NOT_FOUND", message: "gone", description: "really gone")
            },
            GraphQLField("broken") { _, _ in throw Secret() },
        ],
        mutations: [
            GraphQLField(
                "push",
                arguments: [
                    .init("name", .string, required: true), .init("minutes", .int),
                    .init("origin", .enumeration),
                    .init("flag", .bool), .init("meta", .string), .init("tags", .list(.string)),
                ]
            ) { _, arguments in
                .object(
                    GraphQLObject(
                        arguments.values.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
                            + [("none", .null)]))
            }
        ])

    func run(_ query: String, _ variables: [String: GraphQLValue] = [:]) async -> (
        json: String, response: GraphQLResponse
    ) {
        let response = await schema.execute(GraphQLRequest(query: query, variables: variables), context: "me")
        return (String(decoding: response.json, as: UTF8.self), response)
    }

    @Test("selections project objects and lists, with aliases, commas and comments")
    func projection() async {
        let query = """
            query Instances { # a comment
              all: models(all: true) { id, label: name team { id } __typename }
              who
            }
            """
        let expected =
            #"{"data":{"all":[{"id":"m1","label":"a","team":null,"__typename":"Model"},"#
            + #"{"id":"m2","label":"b","team":{"id":"t"},"__typename":"Model"}],"who":"me"}}"#
        #expect(await run(query).json == expected)
    }

    @Test("members that are always included come without being selected")
    func alwaysIncluded() async {
        #expect(
            await run("{ credentials { key } }").json
                == #"{"data":{"credentials":{"key":"k","endpoint":"e"}}}"#)
    }

    @Test("a mutation like the client's, with interpolated strings, variables, enums and defaults")
    func mutation() async {
        let query = #"""
            mutation ($env: String, $meta: JSONString, $raw: String = "raw") {
                push(name: "say \"hi\" \u00e9"
                    minutes: 30
                    origin: BASETEN
                    flag: false
                    meta: $meta
                    tags: ["a", "b"]
                ) { name minutes origin flag meta tags none }
            }
            """#
        let (json, _) = await run(query, ["meta": .string(#"{"a":1}"#), "env": .null])
        #expect(
            json == #"{"data":{"push":{"name":"say \"hi\" é","minutes":30,"origin":"BASETEN","flag":false,"#
                + #""meta":"{\"a\":1}","tags":["a","b"],"none":null}}}"#)
    }

    @Test("resolver errors carry code, description and path; anything else stays inside")
    func errors() async throws {
        let (json, response) = await run("{ missing broken who }")
        #expect(response.failures.map(\.code) == ["RESOURCE_NOT_FOUND", "INTERNAL_ERROR"])
        #expect(json.contains(#""description":"really gone""#))
        #expect(json.contains(#""path":["missing"]"#))
        #expect(!json.contains("Secret"))
        #expect(json.contains(#""who":"me""#))
        let object = try JSONSerialization.jsonObject(with: Data(response.json)) as? [String: Any]
        #expect(object?["errors"] is [[String: Any]])
    }

    @Test(
        "wrong requests are told where they are wrong",
        arguments: [
            ("{ nosuch }", "Cannot query field"), ("{ models { nosuch } }", "Cannot query field"),
            ("{ models }", "selection of subfields"), ("{ who { x } }", "no subfields"),
            ("{ models(nosuch: 1) { id } }", "Unknown argument"),
            ("{ models(all: 1) { id } }", "must be a boolean"),
            ("mutation { push { none } }", "is required"),
            ("mutation { push(name: null) { none } }", "is required"),
            ("mutation { push(name: $x) { none } }", "not defined"),
            ("mutation { push(name: \"a\", name: \"b\") { none } }", "twice"),
            ("{ who @include(if: 1) }", "needs (if: Boolean)"), ("{ who @nosuch }", "Unknown directive"),
            ("query ($a: Int!) { who }", "required"), ("subscription { who }", "not supported"),
            ("{ ...f }", "fragments"), ("query A { who } query B { who }", "operationName"),
        ])
    func validation(query: String, words: String) async {
        let (_, response) = await run(query)
        #expect(response.failures.first?.message.contains(words) == true, "\(response.failures)")
    }

    @Test(
        "malformed documents are syntax errors, never more",
        arguments: [
            "", "{", "}", "{ }", "{ a", "query", "query {", "{ a(b) }", "{ a(b:) }", "{ a(b: $) }",
            "{ a(b: \"x) }",
            "{ a(b: \"\\q\") }", "{ a(b: \"\\uD800\") }", "{ a(b: 01) }", "{ a(b: 1.) }", "{ a(b: 1e) }",
            "{ a(b: -) }",
            "{ a(b: 99999999999999999999999999) ", "..", "{ a: }", "\u{0}", "{ a(b: \"\"\"x) }",
            "{ a(b: [1, ) }",
            String(repeating: "{ a ", count: 500), "{ a(b: " + String(repeating: "[", count: 500) + ") }",
            "query (" + String(repeating: "$a: Int ", count: 3) + "{ a }",
        ])
    func syntax(query: String) async {
        let (json, response) = await run(query)
        #expect(response.failures.first?.code == "GRAPHQL_PARSE_FAILED", "\(json)")
        #expect(response.failures.first?.location != nil)
    }

    @Test("an error's location is the place in the document")
    func location() async {
        let (_, response) = await run("{\n  who\n  nosuch\n}")
        #expect(response.failures.first?.location == GraphQLLocation(line: 3, column: 3))
    }

    @Test("directives leave fields out")
    func directives() async {
        let query =
            "query ($yes: Boolean) { who @skip(if: $yes) models(all: true) { id @include(if: $yes) name @skip(if: true) } }"
        #expect(
            await run(query, ["yes": .bool(true)]).json == #"{"data":{"models":[{"id":"m1"},{"id":"m2"}]}}"#)
    }

    @Test("block strings lose their common indentation")
    func blockStrings() async {
        let query = "mutation { push(name: \"\"\"\n    one\n      two\n\n    \"\"\") { name } }"
        #expect(await run(query).json == #"{"data":{"push":{"name":"one\n  two"}}}"#)
    }

    @Test(
        "request bodies that are no requests are refused",
        arguments: ["", "[]", "{}", #"{"query":1}"#, #"{"query":"{a}","variables":[]}"#])
    func bodies(body: String) {
        #expect(throws: GraphQLFailure.self) { try GraphQLRequest(json: Array(body.utf8)) }
    }

    @Test("values of a body keep their types")
    func variables() throws {
        let request = try GraphQLRequest(
            json: Array(#"{"query":"{a}","variables":{"i":1,"f":1.5,"b":true,"n":null,"s":"x"}}"#.utf8))
        #expect(
            request.variables == [
                "i": .int(1), "f": .float(1.5), "b": .bool(true), "n": .null, "s": .string("x"),
            ])
    }

    @Test(
        "what would cost much is refused before anything is resolved",
        arguments: [
            ("{ " + (0..<33).map { "a\($0): who " }.joined() + "}", "33"),
            ("{ models { " + (0..<1001).map { "a\($0): id " }.joined() + "} }", "1000 fields"),
            ("{ who " + String(repeating: "@include(if: true) ", count: 2000) + "}", "10000 tokens"),
            (
                "mutation { push(tags: [" + String(repeating: "1 ", count: 10_001) + "]) { none } }",
                "10000 tokens"
            ),
            (String(repeating: "{ who } ", count: 1001), "fields"),
        ])
    func tooMuch(query: String, word: String) async {
        let (json, response) = await run(query)
        #expect(response.data == .null)
        #expect(response.failures.count == 1)
        #expect(response.failures[0].message.contains(word), "\(json.prefix(300))")
        #expect(json.utf8.count < 1000)
    }

    @Test("an answer ends where it gets too large, and one below the limit is whole")
    func largeAnswers() async {
        var limits = GraphQLLimits()
        limits.answerBytes = 100_000
        let schema = GraphQLSchema<Int>(
            queries: [
                GraphQLField("many") { count, _ in
                    .list(
                        (0..<count).map { number in
                            .object(GraphQLObject([("id", .string("item \(number)"))], typeName: "Item"))
                        })
                }
            ], mutations: [], limits: limits)
        let request = GraphQLRequest(query: "{ many { a: id b: id c: id d: id } }")
        let whole = await schema.execute(request, context: 400)
        #expect(whole.failures.isEmpty)
        #expect(whole.json.count < 100_000)
        let cut = await schema.execute(request, context: 4000)
        #expect(cut.data == .null)
        #expect(cut.failures.map(\.code) == ["ANSWER_TOO_LARGE"])
        #expect(cut.json.count < 1000)
        let twice = await schema.execute(
            GraphQLRequest(
                query: "{ x: many { a: id b: id c: id d: id } y: many { a: id b: id c: id d: id } }"),
            context: 400)
        #expect(twice.failures.count == 1)
    }
}
