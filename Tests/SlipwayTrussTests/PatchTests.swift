// Live patches: what they may say, and the archives they make.

import Foundation
import SlipwayBLAKE3
import Testing

@testable import SlipwayTruss

@Suite struct PatchTests {
    static let config = "model_name: m\npython_version: py311\n"

    static func patch(
        _ operations: [[String: Any]], config: String = PatchTests.config, requirements: [String] = []
    ) throws -> TrussPatch {
        let signature: [String: Any] = [
            "config": config, "content_hashes_by_path": [String: String](),
            "requirements_file_requirements": requirements,
        ]
        return try TrussPatch(
            json: JSONSerialization.data(withJSONObject: [
                "prev_hash": "a", "next_hash": "b", "next_signature": signature, "patch_ops": operations,
            ]))
    }

    static func code(_ path: String, _ content: String?, action: String = "UPDATE") -> [String: Any] {
        ["type": "model_code", "body": ["action": action, "path": path, "content": content as Any]]
    }

    @Test("operations become changes of files; later ones win; binary content comes in base64")
    func changes() throws {
        let binary = Data([0, 255, 1])
        let patch = try Self.patch([
            Self.code("model.py", "new"), Self.code("gone.py", nil, action: "REMOVE"),
            [
                "type": "package",
                "body": ["action": "ADD", "path": "p/x.bin", "content_bytes": binary.base64EncodedString()],
            ],
        ])
        let json = try TrussConfig(yaml: Self.config).json
        #expect(
            try patch.changes(from: json) == [
                ArchiveChange(path: "model/model.py", content: Data("new".utf8)),
                ArchiveChange(path: "model/gone.py", content: nil),
                ArchiveChange(path: "packages/p/x.bin", content: binary),
            ])
        #expect(!patch.isHotReload)
    }

    @Test("a changed config replaces the file and, where it names one, the requirements file")
    func config() throws {
        let next = Self.config + "requirements_file: requirements.txt\nenvironment_variables: {A: b}\n"
        let patch = try Self.patch(
            [["type": "config", "body": ["config": [:] as [String: Any]]]], config: next,
            requirements: ["six==1.16.0", "attrs"])
        let changes = try patch.changes(from: TrussConfig(yaml: Self.config).json)
        #expect(
            changes == [
                ArchiveChange(path: "config.yaml", content: Data(next.utf8)),
                ArchiveChange(path: "requirements.txt", content: Data("six==1.16.0\nattrs\n".utf8)),
            ])
    }

    @Test("resources that decode to the same are no change: use_gpu false stands in every new Truss")
    func equalResources() throws {
        let config =
            Self.config + "resources:\n  cpu: '1'\n  use_gpu: false\n  memory: 2Gi\nlive_reload: true\n"
        let next = config + "environment_variables: {A: b}\n"
        let patch = try Self.patch(
            [["type": "config", "body": ["config": [:] as [String: Any]]]], config: next)
        #expect(try patch.changes(from: TrussConfig(yaml: config).json).map(\.path) == ["config.yaml"])
        let other = try Self.patch(
            [["type": "config", "body": ["config": [:] as [String: Any]]]],
            config: next.replacing("use_gpu: false", with: "use_gpu: true"))
        #expect(throws: PatchProblem.self) { try other.changes(from: TrussConfig(yaml: config).json) }
    }

    /// A patch whose next state has these files, of which `operations` say what was sent.
    static func claiming(
        _ files: [String: String], _ operations: [[String: Any]], hash: String? = nil,
        config: String = PatchTests.config
    ) throws -> TrussPatch {
        let digests = files.mapValues { text in
            Optional(BLAKE3.hash(text.utf8).map { String(format: "%02x", $0) }.joined())
        }
        let point = try PatchPoint(contentHashes: digests, config: config, requirements: [])
        return try TrussPatch(
            json: JSONSerialization.data(withJSONObject: [
                "prev_hash": "a", "next_hash": hash ?? point.hash, "next_signature": point.signature,
                "patch_ops": operations,
            ]))
    }

    @Test(
        "what operations say of the config has to stand in the config, and every member they need is asked for"
    )
    func configClaims() throws {
        let next =
            Self.config + "environment_variables: {A: b, N: 5}\nrequirements: [six==1.17, Some.Package]\n"
        let files = ["config.yaml": next]
        func problem(_ type: String, _ body: [String: Any]) -> String? {
            let config: [String: Any] = ["type": "config", "body": ["config": [:] as [String: Any]]]
            do throws(PatchProblem) {
                let patch: TrussPatch
                do {
                    patch = try Self.claiming(files, [["type": type, "body": body], config], config: next)
                } catch {
                    throw error as? PatchProblem ?? PatchProblem("\(error)")
                }
                try patch.checkClaims(after: nil)
                return nil
            } catch {
                return error.description
            }
        }
        let (variable, requirement) = ("environment_variable", "python_requirement")
        #expect(problem(variable, ["action": "ADD", "name": "A", "value": "b"]) == nil)
        #expect(problem(variable, ["action": "UPDATE", "item": ["N": 5]]) == nil)
        #expect(problem(variable, ["action": "REMOVE", "name": "gone"]) == nil)
        #expect(problem(requirement, ["action": "ADD", "requirement": "six == 1.17"]) == nil)
        #expect(problem(requirement, ["action": "REMOVE", "requirement": "seven"]) == nil)

        #expect(problem(variable, ["action": "ADD", "name": "A", "value": "c"])?.contains("A") == true)
        #expect(problem(variable, ["action": "ADD", "item": ["X": "b"]])?.contains("X") == true)
        #expect(
            problem(variable, ["action": "ADD", "item": [:] as [String: Any]])?.contains("no variable")
                == true)
        #expect(problem(variable, ["action": "REMOVE", "item": ["A": "b"]])?.contains("removes it") == true)
        #expect(
            problem(requirement, ["action": "UPDATE", "requirement": "six==2"])?.contains("six==2") == true)
        #expect(problem(requirement, ["action": "REMOVE", "requirement": "some-package"]) != nil)
        for (type, body, member) in [
            (variable, ["name": "A", "value": "b"], "action"), (variable, ["action": "ADD"], "name"),
            (variable, ["action": "ADD", "name": "A"], "value"),
            (requirement, ["action": "ADD"], "requirement"),
            (requirement, ["action": "TURN", "requirement": "six"], "action"), ("config", [:], "config"),
        ] as [(String, [String: Any], String)] {
            #expect(
                problem(type, body)?.hasPrefix("patch_ops[0].body.\(member): expected") == true,
                "\(type) \(body)")
        }
    }

    @Test("a patch is compared with the digests it claims, whatever ends its lines")
    func claims() throws {
        let files = ["config.yaml": Self.config, "model/model.py": "a\nb\n", "packages/p.py": "x"]
        let reconfigure: [String: Any] = ["type": "config", "body": ["config": [:] as [String: Any]]]
        let package: [String: Any] = [
            "type": "package", "body": ["action": "ADD", "path": "p.py", "content": "x"] as [String: Any],
        ]
        try Self.claiming(files, [Self.code("model.py", "a\nb\n"), reconfigure, package]).checkClaims(
            after: nil)
        // The last of several counts.
        try Self.claiming(files, [Self.code("model.py", "old"), Self.code("model.py", "a\nb\n")])
            .checkClaims(after: nil)
        var windows = files
        windows["model/model.py"] = "a\r\nb\r\n"
        let patch = try Self.claiming(windows, [Self.code("model.py", "a\nb\n")])
        try patch.checkClaims(after: nil)
        #expect(
            try patch.changes(from: TrussConfig(yaml: Self.config).json)
                == [ArchiveChange(path: "model/model.py", content: Data("a\r\nb\r\n".utf8))])
        for (operation, name) in [
            (Self.code("model.py", "a\n"), "model/model.py"), (Self.code("new.py", "x"), "model/new.py"),
            (Self.code("model.py", nil, action: "REMOVE"), "model/model.py"),
        ] {
            let problem = #expect(throws: PatchProblem.self) {
                try Self.claiming(files, [operation]).checkClaims(after: nil)
            }
            #expect(problem?.description.contains(name) == true, "\(name)")
        }
        let hash = #expect(throws: PatchProblem.self) {
            try Self.claiming(files, [package], hash: "b").checkClaims(after: nil)
        }
        #expect(hash?.description.contains("next_hash") == true)
    }

    @Test(
        "of code, packages and data nothing may change without an operation; elsewhere the client leaves changes out",
        arguments: [
            ("model/other.py", true), ("model/new.py", true), ("packages/p.py", true), ("data/d.bin", true),
            ("README.md", false), ("model/__pycache__/model.cpython-312.pyc", false),
        ])
    func untouched(path: String, isRefused: Bool) throws {
        let before = [
            "config.yaml": Self.config, "model/model.py": "a", "model/other.py": "b", "README.md": "r",
        ]
        let after = before.merging(["model/model.py": "A", path: "changed"]) { $1 }
        let patch = try Self.claiming(after, [Self.code("model.py", "A")])
        let point = try PatchPoint(
            signature: Self.claiming(before, [Self.code("model.py", "a")]).nextSignature)
        if isRefused {
            let problem = #expect(throws: PatchProblem.self) { try patch.checkClaims(after: point) }
            #expect(problem?.description.contains(path) == true && problem?.needsFullDeploy == true)
            // What was there and is claimed to be gone.
            let gone = try Self.claiming(before, [Self.code("model.py", "a")])
            let there = try PatchPoint(signature: patch.nextSignature)
            #expect(throws: PatchProblem.self) { try gone.checkClaims(after: there) }
        } else {
            try patch.checkClaims(after: point)
        }
    }

    @Test(
        "what decides the image itself asks for a push",
        arguments: [
            "resources: {cpu: '2'}", "python_version: py312", "system_packages: [jq]",
            "build_commands: ['true']",
        ])
    func fullDeploy(line: String) throws {
        let next = line.hasPrefix("python") ? "model_name: m\n\(line)\n" : Self.config + line + "\n"
        let patch = try Self.patch(
            [["type": "config", "body": ["config": [:] as [String: Any]]]], config: next)
        let problem = #expect(throws: PatchProblem.self) {
            try patch.changes(from: TrussConfig(yaml: Self.config).json)
        }
        #expect(problem?.needsFullDeploy == true)
    }

    @Test(
        "paths that leave the Truss are refused",
        arguments: ["../x", "/x", "a/../../x", "", "a//b", ".", "a\u{7}", "../\u{301}x"])
    func paths(path: String) {
        #expect(throws: PatchProblem.self) { try Self.patch([Self.code(path, "x")]) }
    }

    @Test("an edited archive keeps all else byte for byte: long names, links, modes")
    func edit() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("edit-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let long = "data/" + String(repeating: "deep/", count: 40) + "weights.bin"
        let weights = Data((0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7) })
        let writer = try TarWriter(path: folder + "/old.tar")
        for (name, data, runs) in [
            ("./config.yaml", Data(Self.config.utf8), false), ("./model/model.py", Data("old".utf8), false),
            ("./run.sh", Data("#!/bin/sh\n".utf8), true), (long, weights, false),
        ] {
            try writer.beginFile(
                TarEntry(name: name, kind: .file, size: Int64(data.count), isExecutable: runs))
            try writer.write(data)
            try writer.endFile(size: Int64(data.count))
        }
        try writer.add(
            TarEntry(name: "link", kind: .symbolicLink("run.sh"), size: 0, isExecutable: false))
        try writer.finish()

        try ArchiveEditor.apply(
            [
                ArchiveChange(path: "model/model.py", content: Data("new".utf8)),
                ArchiveChange(path: "model/extra.py", content: Data()),
                ArchiveChange(path: "run.sh", content: Data("#!/bin/bash\n".utf8)),
            ], to: folder + "/old.tar", writing: folder + "/new.tar")
        try TrussArchive.unpack(archive: folder + "/new.tar", into: folder + "/out")
        func file(_ name: String) -> Data? { FileManager.default.contents(atPath: "\(folder)/out/\(name)") }
        #expect(file("model/model.py") == Data("new".utf8))
        #expect(file("model/extra.py") == Data())
        #expect(file("config.yaml") == Data(Self.config.utf8))
        #expect(file(long) == weights)
        #expect(file("link") == Data("#!/bin/bash\n".utf8))

        try ArchiveEditor.apply(
            [ArchiveChange(path: "model/model.py", content: nil)], to: folder + "/new.tar",
            writing: folder + "/removed.tar")
        try TrussArchive.unpack(archive: folder + "/removed.tar", into: folder + "/out2")
        #expect(!FileManager.default.fileExists(atPath: folder + "/out2/model/model.py"))
    }

    @Test("an archive that breaks off leaves nothing behind")
    func damaged() throws {
        let old = FileManager.default.temporaryDirectory.appendingPathComponent("damaged-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: old) }
        try Data(repeating: 65, count: 700).write(to: URL(fileURLWithPath: old))
        #expect(throws: ArchiveError.self) {
            try ArchiveEditor.apply([], to: old, writing: old + ".new")
        }
        #expect(!FileManager.default.fileExists(atPath: old + ".new"))
    }
}
