// Configs: what is read, and how what is wrong is told.

import SlipwayCore
import Testing

@testable import SlipwayTruss

@Suite struct ConfigTests {
    @Test("the fields a build needs are read")
    func fields() throws {
        let config = try TrussConfig(
            yaml: """
                model_name: mine
                python_version: py312
                secrets: {hf_token: null}
                environment_variables: {A: 1, B: true, C: "x y"}
                system_packages: [ffmpeg]
                build_commands: ["echo hi"]
                resources: {cpu: 1500m, memory: 2Gi, accelerator: "H100:2"}
                runtime: {predict_concurrency: 8}
                """)
        #expect(config.modelName == "mine")
        #expect(config.pythonVersion == PythonVersion(major: 3, minor: 12))
        #expect(config.secretNames == ["hf_token"])
        #expect(config.environmentVariables == ["A": "1", "B": "true", "C": "x y"])
        #expect(
            config.resources == ResourceRequest(millicpu: 1500, memoryMiB: 2048, gpuCount: 2, gpuType: "H100")
        )
        #expect(config.predictConcurrency == 8)
        #expect(config.warnings.isEmpty)
        #expect(try TrussConfig(json: config.json).json == config.json)
    }

    @Test("an empty config has upstream's defaults")
    func defaults() throws {
        let config = try TrussConfig(yaml: "")
        #expect(config.pythonVersion == TrussConfig.defaultPythonVersion && !config.namesPythonVersion)
        #expect(config.json == "{}")
        #expect(config.dockerServer == nil)
    }

    @Test(
        "each problem names its key and line",
        arguments: [
            ("requirments: []", "requirments", 1),
            ("a: 1\nresources:\n  memmory: 1Gi", "resources.memmory", 3),
            ("resources:\n  memory: lots", "resources.memory", 2),
            ("resources:\n  cpu: [1]", "resources.cpu", 2),
            ("resources: 7", "resources", 1), ("python_version: py27", "python_version", 1),
            ("python_version: 3", "python_version", 1), ("requirements: six", "requirements", 1),
            ("requirements:\n  - a\n  - [b]", "requirements[1]", 3),
            ("secrets:\n  ../x: null", "secrets.../x", 2), ("model_name: [x]", "model_name", 1),
            ("runtime:\n  predict_concurrency: 0", "runtime.predict_concurrency", 2),
            ("runtime:\n  predict_concurency: 1", "runtime.predict_concurency", 2),
            ("resources:\n  accelerator: 'H100:many'", "resources.accelerator", 2),
            ("environment_variables:\n  A: [1]", "environment_variables.A", 2),
            ("docker_server:\n  server_port: 80", "docker_server.start_command", 1),
            ("requirements_file: r.txt\nrequirements: [a]", "requirements", 2),
        ])
    func problems(yaml: String, path: String, line: Int) {
        let error = #expect(throws: ConfigError.self) { try TrussConfig(yaml: yaml) }
        #expect(
            error?.problems.contains { $0.path == path && $0.line == line } == true,
            "\(String(describing: error))")
    }

    @Test("a slip is told with the key that was meant; other unknown keys are warnings only")
    func unknownKeys() throws {
        let error = #expect(throws: ConfigError.self) { try TrussConfig(yaml: "requirments: []") }
        #expect(error?.description.contains("\"requirements\"") == true)
        let config = try TrussConfig(yaml: "my_company_notes: hello")
        #expect(config.warnings.map(\.path) == ["my_company_notes"])
    }

    @Test(
        "documents that are no configs are refused without harm",
        arguments: [
            "a: [1, 2", "- 1\n- 2", "just text", "a: \"", "\t- x", "~", "null", "!!aa", "1", ".nan", "\"\"",
            "a: &a [x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b]\nd: &d [*c, *c, *c, *c, *c, *c, *c, *c]\ne: &e [*d, *d, *d, *d, *d, *d, *d, *d]\nf: [*e, *e, *e, *e, *e, *e, *e, *e]",
            String(repeating: "[", count: 200) + String(repeating: "]", count: 200),
            String(repeating: "[", count: 500_000), String(repeating: "- ", count: 200_000) + "x",
            // A key that stands for 4^24 others.
            (1..<24).reduce("a0: &a0 [x]\n") {
                $0 + "a\($1): &a\($1) [*a\($1 - 1), *a\($1 - 1), *a\($1 - 1), *a\($1 - 1)]\n"
            }
                + "? *a23\n: y\n",
            "a: *nobody", "a: &a [*a]", "<<: 7", "[a]: b", "a: b\n---\nc: d", "a: b\0",
            (0..<30_000).map { "key\($0): 1\n" }.joined(),
        ].map(Document.init))
    func nonsense(document: Document) {
        #expect(throws: ConfigError.self) { try TrussConfig(yaml: document.yaml) }
    }

    /// Told by its beginning: the whole of it would drown everything else that a test run prints.
    struct Document: CustomTestStringConvertible {
        let yaml: String
        var testDescription: String { String(yaml.prefix(40)) }
    }

    @Test("numbers that no computer holds are text")
    func hugeNumbers() throws {
        let minutes = String(repeating: "59:", count: 40) + "59"
        let config = try TrussConfig(
            yaml:
                "environment_variables:\n  A: \"x\"\nmodel_metadata:\n  a: \(minutes)\n  b: 9223372036854775807:59\n  c: \(String(repeating: "9", count: 4000))\n  d: 0x\(String(repeating: "f", count: 400))\n  e: 1:30\n  f: -.inf\n"
        )
        #expect(config.json.contains("\"a\":\"\(minutes)\""))
        #expect(config.json.contains("\"e\":90"))
    }

    @Test(
        "sizes and cores are read like upstream reads them",
        arguments: [
            ("512Mi", Int64(512 << 20)), ("2Gi", 2 << 30), ("1.5G", 1_500_000_000), ("1000", 1000),
            ("3k", 3000),
        ])
    func quantities(text: String, bytes: Int64) {
        #expect(Quantity.bytes(text) == bytes)
    }

    @Test("nonsense sizes are not numbers", arguments: ["", "Gi", "-1Gi", "1Zi", "inf", "nan", "1e400"])
    func badQuantities(text: String) {
        #expect(Quantity.bytes(text) == nil)
        #expect(Quantity.millicpu(text) == nil)
    }
}
