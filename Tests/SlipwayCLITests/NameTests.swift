import Testing

@testable import SlipwayCLI

@Suite("Names")
struct NameTests {
    private let all = [
        Named(id: "m1", name: "hello", detail: "team a"), Named(id: "m2", name: "hello", detail: "team b"),
        Named(id: "m3", name: "m1"), Named(id: "m4", name: "embedding"),
    ]

    @Test("an id comes before a name that looks like it")
    func idFirst() throws {
        #expect(try Choice.pick("m1", kind: "model", among: all).name == "hello")
        #expect(try Choice.pick("embedding", kind: "model", among: all).id == "m4")
    }

    @Test("a name that fits several is refused with their ids")
    func ambiguous() throws {
        let failure = try #require(throws: CommandFailure.self) {
            try Choice.pick("hello", kind: "model", among: all)
        }
        #expect(failure.message == "2 models are called hello: m1 (team a), m2 (team b).")
        #expect(failure.code == .notFound && failure.hint != nil)
    }

    @Test(
        "a name that fits nothing chooses nothing, not even the only one there is",
        arguments: ["helo", "HELLO", "", "*", "hello "])
    func unknown(name: String) throws {
        let failure = try #require(throws: CommandFailure.self) {
            try Choice.pick(name, kind: "model", among: [all[0]])
        }
        #expect(failure.code == .notFound)
    }

    @Test("near names are told, the nearest first")
    func near() {
        #expect(
            NearNames.hint(for: "helo", among: ["world", "hello", "help"]) == " Did you mean hello or help?")
        #expect(NearNames.hint(for: "zzz", among: ["a", "b"]) == " There are: a, b.")
        #expect(NearNames.hint(for: "zzz", among: []) == "")
        #expect(NearNames.hint(for: "deployment", among: ["deployment-1"]) == " Did you mean deployment-1?")
        #expect(NearNames.edits(from: "kitten", to: "sitting") == 3)
        #expect(NearNames.edits(from: "wrok", to: "work") == 1 && NearNames.edits(from: "", to: "ab") == 2)
    }

    @Test(
        "a deployment is named in one way",
        arguments: [
            (["hello"], "hello", nil), (["hello/d"], "hello", "d"), (["hello", "d"], "hello", "d"),
            (["hello", "--deployment", "d"], "hello", "d"), (["a/b/c"], "a", "b/c"),
        ] as [([String], String, String?)])
    func targets(arguments: [String], model: String, deployment: String?) throws {
        let parts = try DeploymentArguments.parse(arguments).parts()
        #expect(parts.model == model && parts.deployment == deployment)
    }

    @Test(
        "a deployment named twice, or by nothing, is refused",
        arguments: [["a/b", "c"], ["a", "b", "--deployment", "c"], ["a/"], ["/b"]])
    func refused(arguments: [String]) {
        #expect(throws: (any Error).self) { try DeploymentArguments.parse(arguments) }
    }

    @Test("what has no name is not called -", arguments: ["-", ""])
    func nameless(wanted: String) throws {
        let keys = [Named(["prefix": "p1", "name": .null], id: "prefix", name: "name")]
        let failure = try #require(throws: CommandFailure.self) {
            try Choice.pick(wanted, kind: "key", among: keys)
        }
        #expect(failure.code == .notFound)
        #expect(try Choice.pick("p1", kind: "key", among: keys).id == "p1")
    }
}
