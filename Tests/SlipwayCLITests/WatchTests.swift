import Foundation
import SlipwayAPI
import SlipwayTruss
import Testing

@testable import SlipwayCLI

@Suite("Watching a Truss")
struct WatchTests {
    private static let running: JSONValue = [
        "config.yaml": "c", "model": .null, "model/model.py": "1", "model/old.py": "o",
        "packages/a/b.py": "p",
    ]

    private func change(_ digests: [String: String], links: Set<String> = []) -> SourceChange {
        SourceChange.between(digests, and: Self.running, links: links, directories: CodeDirectories())
    }

    @Test("a patch brings code and packages; anything else is pushed")
    func kinds() {
        let same = ["config.yaml": "c", "model/model.py": "1", "model/old.py": "o", "packages/a/b.py": "p"]
        #expect(change(same) == .nothing)
        #expect(change(same.merging(["model/__pycache__/x.pyc": "x"]) { $1 }) == .nothing)
        #expect(change(same.merging(["model/l.py": "x"]) { $1 }, links: ["model/l.py"]) == .nothing)
        let edited = same.merging(["model/model.py": "2", "packages/n.py": "n"]) { $1 }
        #expect(
            change(edited.filter { $0.key != "model/old.py" })
                == .patch(["model/model.py", "model/old.py", "packages/n.py"]))
        #expect(change(edited.merging(["config.yaml": "d"]) { $1 }) == .push(because: "config.yaml changed"))
        #expect(change(edited.merging(["data/x": "d"]) { $1 }) == .push(because: "data/x changed"))
        #expect(change(edited.merging(["model.py": "d"]) { $1 }) == .push(because: "model.py changed"))
    }

    @Test("the directories of code are those of the config")
    func directories() throws {
        let directories = CodeDirectories(config: "model_module_dir: src\nbundled_packages_dir: lib\n")
        #expect(directories.kind(of: "src/a/b.py")?.path == "a/b.py")
        #expect(directories.kind(of: "lib/x.py")?.kind == "package")
        #expect(directories.kind(of: "model/model.py") == nil)
        #expect(CodeDirectories(config: "[").kind(of: "model/model.py")?.kind == "model_code")
    }

    @Test("a patch names the point it follows, every file it changes and what they become")
    func body() throws {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: root) }
        for (name, text) in [
            ("config.yaml", "model_name: m\n"), ("model/model.py", "new"), ("model/sub/n.py", ""),
        ] {
            let file = root.appendingPathComponent(name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
        let source = try TrussSource(directory: root.path)
        var files = SourceFiles(directory: root.path)
        let digests = try files.digests(source)
        let point: JSONValue = [
            "hash": "h", "config": "c", "requirements": [], "content_hashes": Self.running,
        ]
        let patch = LivePatch(source: source, files: files, digests: digests, hotReload: true)
        let body = try patch.body(
            paths: ["model/model.py", "model/old.py", "model/sub/n.py"], on: point, CodeDirectories())
        #expect(body["prev_patch_hash"] == "h")
        let next = body["next_patch_point"]
        #expect(next["hash"] == .null && next["config"] == "c")
        #expect(next["content_hashes"]["model/model.py"].string == digests["model/model.py"])
        guard case .object(let hashes) = next["content_hashes"] else { throw CancellationError() }
        #expect(hashes["model/old.py"] == nil && hashes["model/sub"] == .null && hashes["config.yaml"] == "c")
        let operations = body["patch_ops"].elements
        #expect(operations.map { $0["action"].text } == ["UPDATE", "REMOVE", "ADD"])
        #expect(operations[0]["content_bytes"].string == Data("new".utf8).base64EncodedString())
        #expect(operations[1]["content_bytes"] == .null && operations.allSatisfy { $0["hot_reload"].isTrue })
    }
}
