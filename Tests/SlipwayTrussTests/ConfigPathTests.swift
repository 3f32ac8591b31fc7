// Paths that a config names: text first, then what they are in the archive.

import Foundation
import Testing

@testable import SlipwayTruss

@Suite struct ConfigPathTests {
    static let keys = [
        "bundled_packages_dir", "data_dir", "examples_filename", "model_class_filename", "model_module_dir",
        "requirements_file",
    ]

    @Test("no key may lead out of the Truss", arguments: keys)
    func leadsOut(key: String) throws {
        for path in ["/etc", "..", "../x", "a/../../x", "a/..", "//x", "a\\tb", "a b", "a\\nCOPY . /", "'a"] {
            let yaml = "model_name: x\n\(key): \"\(path.replacing("'", with: "\\\""))\"\n"
            let error = #expect(throws: ConfigError.self) { try TrussConfig(yaml: yaml) }
            #expect(error?.problems.contains { $0.path == key && $0.line == 2 } == true, "\(yaml)")
        }
        for path in [".", "a", "a/b", "a/./b.c", "...", "a..b", "é"] {
            #expect(try TrussConfig(yaml: "\(key): \"\(path)\"").paths.map(\.key) == [key])
        }
    }

    @Test("nor may a path inside a list")
    func lists() throws {
        for (yaml, key, line) in [
            ("external_package_dirs:\n  - a\n  - ../b", "external_package_dirs[1]", 3),
            (
                "external_data:\n  - url: https://x\n    local_data_path: /x",
                "external_data[0].local_data_path", 3
            ),
            ("requirements:\n  - six\n  - -r /x", "requirements[1]", 3),
        ] {
            let error = #expect(throws: ConfigError.self) { try TrussConfig(yaml: yaml) }
            #expect(
                error?.problems.contains { $0.path == key && $0.line == line } == true,
                "\(yaml) \(error as Any)")
        }
        let config = try TrussConfig(yaml: "external_package_dirs: [packages]")
        #expect(config.warnings.map(\.path) == ["external_package_dirs"])
    }

    private func problem(_ yaml: String, _ archive: (inout TarBuilder) -> Void) throws -> String? {
        var builder = TarBuilder()
        archive(&builder)
        let path = try builder.write()
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try TrussArchive.problem(with: TrussConfig(yaml: yaml), in: path).map { "\($0)" }
    }

    @Test("a link of the archive may not lead out either, and requirements must be there and be harmless")
    func archives() throws {
        #expect(
            try problem("data_dir: data") { $0.add(.init(name: "data", type: "2", link: "../../etc")) }?
                .contains("data_dir (line 1") == true)
        #expect(
            try problem("data_dir: data/x") { $0.add(.init(name: "data", type: "2", link: "/etc")) }?
                .contains("through a link") == true)
        #expect(
            try problem("data_dir: a") {
                $0.add(.init(name: "a", type: "2", link: "b/c"))
                $0.add(.init(name: "b", type: "2", link: "a"))
            }?.contains("through a link") == true)
        #expect(
            try problem("data_dir: data") {
                $0.add(.init(name: "data", type: "2", link: "weights/../real"))
                $0.add("real/x", "x")
            } == nil)
        #expect(
            try problem("\nrequirements_file: r.txt") { $0.add("x", "") }?.contains(
                "requirements_file (line 2")
                == true)
        #expect(
            try problem("requirements_file: r.txt") { $0.add("r.txt", "six\n-r /etc/passwd\n") }?
                .contains("line 2 of r.txt is refused: the option -r") == true)
        #expect(try problem("requirements_file: a/r.txt") { $0.add("./a/r.txt", "six\nidna\n") } == nil)
        #expect(try problem("requirements_file: uv.lock") { $0.add("uv.lock", "-r") } == nil)
    }
}
