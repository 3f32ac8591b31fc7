// The engine with the real planner, real environments and real Truss servers.

import Foundation
import SlipwayCore
import SlipwayEngine
import SlipwayTruss
import Synchronization
import Testing

@testable import SlipwayLocalEngine

@Suite(.serialized) struct EngineTests {
    func build(
        _ engine: LocalEngine, model: String = Workshop.echo, config: String = "",
        files: [String: String] = [:],
        log: Lines = Lines()
    ) async throws -> BuiltImage {
        try await engine.build(
            BuildRequest(
                deploymentID: DeploymentID("dep0001"), modelName: "test",
                archivePath: Workshop.archive(model: model, config: config, files: files),
                isDevelopment: false)
        ) { log.add($0) }
    }

    static let inspecting = """
        import os

        class Model:
            def __init__(self, **kwargs):
                self.secrets = kwargs["secrets"]
                self.environment = kwargs["environment"]

            def predict(self, model_input):
                return {
                    "uid": os.getuid(), "secret": self.secrets["token"], "environment": self.environment["name"],
                    "variable": os.environ["GREETING"], "leaks": [k for k, v in os.environ.items() if "s3cret" in v],
                    "argv": open("/proc/self/cmdline").read(), "data": os.path.exists(model_input["data"]),
                    "server": "SLIPWAY_TEST_LEAK" in os.environ, "writes": os.access("/app", os.W_OK),
                }
        """

    @Test("a Truss is built, started in a root of its own, called and stopped without a trace")
    func wholeWay() async throws {
        setenv("SLIPWAY_TEST_LEAK", "1", 1)
        let engine = try Workshop.engine()
        let reports = Reports(engine)
        let image = try await build(
            engine, model: Self.inspecting,
            config: "secrets: {token: null}\nenvironment_variables: {GREETING: 'say \"hi\" it''s $HOME'}\n")
        let spec = Workshop.spec(image, secrets: ["token": "s3cret'\""], environment: "production")
        try await engine.start(spec)
        #expect(await reports.reaches(.ready, spec.replicaID))
        let endpoint = try #require(await reports.endpoints[spec.replicaID])
        #expect(endpoint.network != nil)
        let database = Workshop.directory + "/slipway.sqlite"
        try "rows".write(toFile: database, atomically: true, encoding: .utf8)
        let answer = try await post("{\"data\": \"\(database)\"}", to: endpoint)
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(answer.utf8)) as? [String: Any], "\(answer)")
        #expect(object["secret"] as? String == "s3cret'\"")
        #expect(object["environment"] as? String == "production")
        #expect(object["variable"] as? String == "say \"hi\" it's $HOME")
        #expect((object["leaks"] as? [String])?.isEmpty == true)
        #expect((object["argv"] as? String)?.contains("s3cret") == false)
        #expect(object["server"] as? Bool == false)
        #expect(object["writes"] as? Bool == true)
        if geteuid() == 0 {
            #expect(object["uid"] as? Int == 60000)
            #expect(object["data"] as? Bool == false)
        }
        let unit = UnitDirectory(root: Workshop.directory + "/engine", id: spec.replicaID)
        let record = try #require(unit.record())
        await engine.stop(spec.replicaID, grace: .seconds(5))
        #expect(!record.process.isRunning)
        #expect(!FileManager.default.fileExists(atPath: unit.path))
        for group in record.controlGroup?.directories ?? [] {
            #expect(!FileManager.default.fileExists(atPath: group))
        }
        await engine.shutdown(stopReplicas: true)
    }

    @Test(
        "load() that raises ends the replica with the exception as its reason, and the traceback in the log")
    func failingLoad() async throws {
        let engine = try Workshop.engine()
        let reports = Reports(engine)
        let image = try await build(
            engine,
            model: """
                class Model:
                    def load(self):
                        raise ValueError("boom")
                    def predict(self, x):
                        return x
                """)
        let spec = Workshop.spec(image)
        try await engine.start(spec)
        #expect(await reports.reaches(.ready, spec.replicaID) == false)
        #expect(await reports.reasons[spec.replicaID]?.contains("ValueError: boom") == true)
        #expect(await reports.says("Traceback"))
        await engine.stop(spec.replicaID, grace: .zero)
        await engine.shutdown(stopReplicas: true)
    }

    @Test(
        "a requirement nobody offers fails the build with the installer's words, and nothing stays half-made")
    func badRequirement() async throws {
        let engine = try Workshop.engine()
        let log = Lines()
        let failure = await #expect(throws: BuildFailure.self) {
            try await build(engine, config: "requirements: ['six==99.99']\n", log: log)
        }
        #expect(failure?.reason.contains("six==99.99") == true)
        #expect(log.contains("six==99.99"))
        let environments = Workshop.directory + "/engine/environments"
        for name in try FileManager.default.contentsOfDirectory(atPath: environments)
        where !name.hasSuffix(".complete") {
            #expect(EnvironmentCache.isComplete("\(environments)/\(name)"), "\(name)")
        }
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: Workshop.directory + "/engine/work").isEmpty)
        await engine.shutdown(stopReplicas: true)
    }

    @Test(
        "the second build of the same requirements installs nothing, the same archive is the same image, also in place of a damaged one"
    )
    func caching() async throws {
        let engine = try Workshop.engine()
        let first = try await build(engine)
        let log = Lines()
        let second = try await build(engine, model: Workshop.echo + "\n# changed\n", log: log)
        #expect(first.id != second.id)
        #expect(log.contains("Using the cached Python environment"))
        let archive = try Workshop.archive()
        let request = BuildRequest(
            deploymentID: DeploymentID("dep0001"), modelName: "test", archivePath: archive,
            isDevelopment: false)
        let image = try await engine.build(request) { _ in }
        #expect(try await engine.build(request) { _ in } == image)
        let record = "\(Workshop.directory)/engine/images/\(image.id.text)/image.json"
        try "{".write(toFile: record, atomically: true, encoding: .utf8)
        #expect(try await engine.image(image.id) == nil)
        #expect(try await engine.build(request) { _ in } == image)
        #expect(try await engine.image(image.id) != nil)
        await engine.removeImage(second.id)
        #expect(try await engine.image(second.id) == nil)
        await engine.shutdown(stopReplicas: true)
    }

    @Test("build commands run in the image and may change it; a failing one fails the build")
    func buildCommands() async throws {
        let engine = try Workshop.engine()
        let reports = Reports(engine)
        let image = try await build(
            engine,
            model: "class Model:\n    def predict(self, x):\n        return open('/app/made').read()\n",
            config: "build_commands: ['echo made by $(id -u) > /app/made']\n")
        let spec = Workshop.spec(image)
        try await engine.start(spec)
        #expect(await reports.reaches(.ready, spec.replicaID))
        let endpoint = try #require(await reports.endpoints[spec.replicaID])
        #expect(try await post("1", to: endpoint).contains("made by"))
        await engine.stop(spec.replicaID, grace: .seconds(5))
        let failure = await #expect(throws: BuildFailure.self) {
            try await build(engine, config: "build_commands: ['echo sorry; exit 7']\n")
        }
        #expect(failure?.reason.contains("code 7: sorry") == true)
        await engine.shutdown(stopReplicas: true)
    }

    @Test("build commands run once each, in order and as written, and see their secrets only while they run")
    func buildCommandsAsWritten() async throws {
        let engine = try Workshop.engine()
        let reports = Reports(engine)
        let config = #"""
            build_commands:
            - echo one >> /app/made
            - |
              # a comment
              cat <<'END' >> /app/made
              two "$HOME" \
              END
              echo three >> /app/made
            - echo one >> /app/made
            - (cat /run/secrets/token; stat -c %a%u /app/keys/token; test -r /secrets/other || echo none) >> /app/made
            build: {secret_to_path_mapping: {token: /run/secrets/token}}
            """#.replacing("{token: /run", with: "{deep: /app/keys/token, token: /run")
        let archive = try Workshop.archive(
            model:
                "import os\nclass Model:\n    def predict(self, x):\n        return [open('/app/made').read(), os.path.exists('/app/keys/token'), os.path.exists('/run/secrets/token')]\n",
            config: config)
        let log = Lines()
        let image = try await engine.build(
            BuildRequest(
                deploymentID: DeploymentID("dep0002"), modelName: "test", archivePath: archive,
                isDevelopment: false, secrets: ["token": "s3cret", "deep": "d33p", "other": "x"])
        ) { log.add($0) }
        let spec = Workshop.spec(image)
        try await engine.start(spec)
        #expect(await reports.reaches(.ready, spec.replicaID))
        let endpoint = try #require(await reports.endpoints[spec.replicaID])
        let answer = try await post("1", to: endpoint)
        #expect(
            answer.contains(#"one\ntwo \"$HOME\" \\\nthree\none\ns3cret40060000\nnone\n", false, false"#),
            "\(answer)")
        #expect(!log.contains("s3cret") && !log.contains("d33p"))
        await engine.shutdown(stopReplicas: true)
    }

    @Test("configs are read as the official package reads them, with its warnings and refusals")
    func officialReader() async throws {
        let engine = try Workshop.engine()
        let yaml =
            "model_name: a\nmodel_name: b\nbase: &x {A: 1}\nenvironment_variables:\n  <<: *x\n  B: 1_0\n"
        let reading = try #require(try await engine.readConfig(.yaml(yaml)))
        #expect(reading.json.contains(#""environment_variables": {"A": "1", "B": "10"}"#))
        #expect(reading.json.contains(#""model_name": "b""#) && !reading.namesPythonVersion)
        #expect(reading.warnings.contains { $0.contains("duplicate key `model_name`") })
        let json = try #require(try await engine.readConfig(.json(#"{"python_version": "py310"}"#)))
        #expect(json.namesPythonVersion)
        for (text, path, line) in [
            ("resources: {memory: lots}", ["resources", "memory"], nil), ("a: [\n", [], 2), ("- 1", [], nil),
            ("runtime: null", [], nil),
        ] as [(String, [String], Int?)] {
            let rejection = await #expect(throws: ConfigRejection.self) {
                try await engine.readConfig(.yaml(text))
            }
            #expect(rejection?.problems.first?.path == path)
            #expect(
                rejection?.problems.first?.message.contains("AttributeError") == (text == "runtime: null"))
            if let line { #expect(rejection?.problems.first?.line == line) }
        }
        #expect(try await engine.readConfig(.yaml("{}")) != nil)
        await engine.shutdown(stopReplicas: true)
    }

    @Test("what a config needs of the machine and is not there is told by key")
    func needs() async throws {
        let engine = try Workshop.engine()
        let unmet = try await engine.unmet(
            MachineNeeds(packages: ["dpkg", "no-such-package-1", "*"], user: 1))
        #expect(
            unmet.map(\.key) == ["system_packages"] + (geteuid() == 0 ? ["docker_server.run_as_user_id"] : [])
        )
        #expect(unmet.first?.reason.hasPrefix("*, no-such-package-1 are not installed") == true)
        let version = try await engine.unmet(MachineNeeds(packages: ["dpkg=0.1"])).first?.reason
        let installed = try #require(version?.split(separator: " ").last.map(String.init))
        #expect(version?.hasPrefix("dpkg=0.1 is asked for") == true, "\(version ?? "taken")")
        let good = ["dpkg", "dpkg=\(installed)", "dpkg=\(installed.prefix(2))*"]
        #expect(try await engine.unmet(MachineNeeds(packages: good, user: 1_234_567)).isEmpty)
        await engine.shutdown(stopReplicas: true)
    }

    @Test("without a version in the config, Python is one that the model server has wheels for")
    func defaultPython() async throws {
        let pythons = Pythons(configuration: LocalEngineConfiguration(dataDirectory: Workshop.directory))
        let here = try await pythons.all()
        let (chosen, warning) = try await pythons.interpreter(for: nil, uv: "/bin/false")
        if let best = Pythons.withWheels.first(where: { here[$0] != nil }) {
            #expect(chosen.version == best && warning == nil)
        } else {
            #expect(chosen.version == here.keys.min() && warning?.contains("wheels") == true)
        }
    }

    @Test("a Python that is not here is replaced by the nearest newer one with a warning, or fails by policy")
    func pythonVersions() async throws {
        let pythons = Pythons(configuration: LocalEngineConfiguration(dataDirectory: Workshop.directory))
        let all = try await pythons.all()
        let newest = try #require(all.keys.max())
        let (exact, warning) = try await pythons.interpreter(for: newest, uv: "/bin/false")
        #expect(exact.version == newest && warning == nil)
        let absent = MissingVersion.first(notIn: all)
        guard let absent, all.keys.contains(where: { $0 > absent }) else { return }
        let (other, said) = try await pythons.interpreter(for: absent, uv: "/bin/false")
        #expect(other.version == all.keys.filter { $0 > absent }.min())
        #expect(said?.contains("\(absent)") == true)
        var strict = LocalEngineConfiguration(dataDirectory: Workshop.directory)
        strict.pythonPolicy = .exact
        await #expect(throws: BuildFailure.self) {
            try await Pythons(configuration: strict).interpreter(for: absent, uv: "/bin/false")
        }
    }

    @Test("a Python that could not be installed is tried again, after a pause")
    func pythonsAreTriedAgain() async throws {
        let place = Workshop.directory + "/pythons"
        let configuration = LocalEngineConfiguration(dataDirectory: place)
        try FileManager.default.createDirectory(
            atPath: configuration.root, withIntermediateDirectories: true)
        let clock = Mutex(ContinuousClock.now)
        let pythons = Pythons(configuration: configuration) { clock.withLock { $0 } }
        let absent = try #require(MissingVersion.first(notIn: try await pythons.all()))
        let calls = place + "/calls"
        let installer = place + "/uv"
        try Data("#!/bin/sh\necho called >> '\(calls)'\nexit 1\n".utf8).write(
            to: URL(fileURLWithPath: installer))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: installer)
        var counts: [Int] = []
        for seconds in [0, 29, 2, 58, 3] {
            clock.withLock { $0 += .seconds(seconds) }
            _ = try? await pythons.interpreter(for: absent, uv: installer)
            counts.append(try String(contentsOfFile: calls, encoding: .utf8).split(separator: "\n").count)
        }
        #expect(counts == [1, 1, 2, 2, 3])
    }

    @Test("a replica outlives its engine, is adopted by the next one, and its end is seen there")
    func adoption() async throws {
        let first = try Workshop.engine()
        let reports = Reports(first)
        let image = try await build(first)
        let spec = Workshop.spec(image)
        try await first.start(spec)
        #expect(await reports.reaches(.ready, spec.replicaID))
        let unit = UnitDirectory(root: Workshop.directory + "/engine", id: spec.replicaID)
        let process = try #require(unit.record()).process
        await first.shutdown(stopReplicas: false)
        #expect(process.isRunning)

        let second = try Workshop.engine()
        let later = Reports(second)
        let adopted = try await second.adopt()
        #expect(adopted.map(\.id) == [spec.replicaID])
        #expect(adopted.first?.phase == .ready && adopted.first?.imageID == image.id)
        let endpoint = try #require(adopted.first?.endpoint)
        #expect(try await post("[1]", to: endpoint) == "[1]")
        #expect(await later.says("Handled request"))
        #expect(await later.lines.contains { $0.message.contains("Executing model.load()") } == false)
        process.signal(SIGKILL)
        for _ in 0..<100 where await later.phases[spec.replicaID]?.last == nil {
            try await Task.sleep(for: .milliseconds(50))
        }
        // It is a child of this process still, as after a handover that failed.
        #expect(await later.phases[spec.replicaID]?.last == .exited(code: 137))
        await second.stop(spec.replicaID, grace: .zero)
        #expect(!FileManager.default.fileExists(atPath: unit.path))
        await second.shutdown(stopReplicas: true)
    }

    @Test("nothing is started once the engine is shut down, and describing it ends nothing that runs")
    func stopped() async throws {
        let engine = try Workshop.engine()
        let image = try await build(engine)
        let register = LocalEngineConfiguration(dataDirectory: Workshop.directory).register
        let command = try SpawnedProcess.start(
            ["/bin/sleep", "60"], environment: [:], directory: "/", output: Workshop.directory + "/sleep.log",
            record: register.note)
        _ = await (try Workshop.engine()).describe()
        #expect(command.isRunning)
        await engine.shutdown(stopReplicas: false)
        #expect(!command.isRunning)
        _ = command.reap()
        let spec = Workshop.spec(image)
        let failure = await #expect(throws: StartFailure.self) { try await engine.start(spec) }
        #expect(failure?.cause == .machine)
        let unit = UnitDirectory(root: Workshop.directory + "/engine", id: spec.replicaID)
        #expect(!FileManager.default.fileExists(atPath: unit.path))
    }

    @Test("without namespaces replicas run as plain processes with the same result")
    func plainProcesses() async throws {
        let engine = try Workshop.engine { $0.usesNamespaces = false }
        let reports = Reports(engine)
        let image = try await build(
            engine,
            model: """
                class Model:
                    def __init__(self, **kwargs):
                        self.secrets = kwargs["secrets"]
                    def predict(self, x):
                        return self.secrets["token"]
                """, config: "secrets: {token: null}\n")
        let spec = Workshop.spec(image, secrets: ["token": "plain"])
        try await engine.start(spec)
        #expect(await reports.reaches(.ready, spec.replicaID))
        let endpoint = try #require(await reports.endpoints[spec.replicaID])
        #expect(try await post("1", to: endpoint) == "\"plain\"")
        await engine.shutdown(stopReplicas: true)
        #expect(await engine.describe().missing.contains { $0.contains("plain processes") })
    }
}

/// Finds a supported version this machine lacks.
enum MissingVersion {
    static func first(notIn all: [PythonVersion: Interpreter]) -> PythonVersion? {
        (9...14).map { PythonVersion(major: 3, minor: $0) }.first { all[$0] == nil }
    }
}
