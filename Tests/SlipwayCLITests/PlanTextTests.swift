import SlipwayAPI
import Testing

@testable import SlipwayCLI

@Suite("The text of a promotion's plan")
struct PlanTextTests {
    private let model = Named(id: "m1", name: "hello")
    private let source = Named(id: "d1", name: "deployment-3")
    private let pipe = Terminal(outputIsTerminal: false)

    private func lines(_ plan: JSONValue) -> [String] {
        PlanText.lines(plan, model: model, source: source, on: pipe)
    }

    @Test("has the steps and what differs from what serves")
    func full() {
        let plan: JSONValue = [
            "action": "PROMOTE", "environment": "production", "previous_deployment_id": "d0",
            "steps": ["One.", "Two."],
            "config_changes": [
                ["path": "resources.cpu", "before": "1", "after": "2"],
                ["path": "labels", "before": .null, "after": ["a": true]],
            ],
            "files": ["added": ["model/new.py"], "removed": [], "changed": ["model/model.py"]],
        ]
        #expect(
            lines(plan) == [
                "Promote hello deployment-3 (d1) to production", "  1. One.", "  2. Two.", "Config:",
                "  - resources.cpu: 1", "  + resources.cpu: 2", "  + labels: a=yes", "Files:",
                "  + model/new.py", "  ~ model/model.py",
            ])
    }

    @Test("says when nothing would happen and when nothing serves")
    func nothing() {
        let plan: JSONValue = ["action": "NOTHING", "environment": "e", "reason": "it serves already"]
        #expect(
            lines(plan) == [
                "Promote hello deployment-3 (d1) to e", "  Nothing would happen: it serves already",
                "Nothing serves there now.",
            ])
    }

    @Test("shows some of many files, and nothing that controls the terminal")
    func many() {
        let names = (1...30).map { JSONValue.string("f\($0)\u{1B}[2J") }
        let plan: JSONValue = [
            "action": "PROMOTE", "previous_deployment_id": "d0", "files": ["added": .array(names)],
        ]
        let shown = lines(plan)
        #expect(shown.last == "  … and 10 more")
        #expect(!shown.joined().unicodeScalars.contains("\u{1B}"))
    }
}
