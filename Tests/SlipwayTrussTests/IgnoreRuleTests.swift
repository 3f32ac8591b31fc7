// Ignore rules; random trees are compared with the official packer in `test_packing.py`.

import Testing

@testable import SlipwayTruss

@Suite struct IgnoreRuleTests {
    @Test(
        "rules mean what they mean to git",
        arguments: [
            ("*.log", "a/b.log", true), ("/a.log", "b/a.log", false), ("/a.log", "a.log", true),
            ("build/", "build/x", true), ("build/", "build", false), ("a/build/", "b/a/build/x", false),
            ("**/tmp", "a/b/tmp/c", true), ("a/**/z", "a/z", true), ("a/**/z", "a/b/c/z", true),
            ("a/**", "a/b", true), ("a/**", "a", false), ("f[0-9].py", "f7.py", true),
            ("f[!0-9].py", "f7.py", false),
            ("f[.py", "f[.py", false), ("\\#x", "#x", true), ("# x", "# x", false), ("a?c", "a/c", false),
            ("*", "anything/at/all", true), ("!*", "a", false), ("**/", "a/b", true), ("**/", "a", false),
            ("  x  ", "x", true), ("x*y*z", "xxyyzz", true), ("x*y*z", "xxyy", false),
        ])
    func rule(line: String, path: String, isLeftOut: Bool) {
        #expect(IgnoreRules(lines: [line]).leavesOut(file: path) == isLeftOut)
    }

    @Test("the last rule counts, and nothing comes back from a directory that is left out")
    func order() {
        let rules = IgnoreRules(lines: ["*.txt", "!keep.txt", "out/", "!out/keep.txt"])
        #expect(rules.leavesOut(file: "a.txt") && !rules.leavesOut(file: "keep.txt"))
        #expect(rules.leavesOut(file: "out/keep.txt"))
    }

    @Test("secrets and environments are left out by default")
    func standard() {
        for path in [".env", "sub/.env", ".venv/bin/python", "model/__pycache__/x.pyc", ".git/config"] {
            #expect(IgnoreRules.standard.leavesOut(file: path), "\(path)")
        }
        #expect(!IgnoreRules.standard.leavesOut(file: "model/model.py"))
    }
}
