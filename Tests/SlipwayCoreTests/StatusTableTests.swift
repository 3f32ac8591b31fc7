// The status × action table of the platform's documentation, row by row.

import SlipwayCore
import Testing

@Suite struct StatusTableTests {
    static let failures: [DeploymentStatus] = [.buildFailed, .buildStopped, .deployFailed, .failed]

    @Test("a published deployment may be promoted while it can still become healthy")
    func promotePublished() {
        let refused = Set(Self.failures + [.deactivating, .inactive])
        for status in DeploymentStatus.allCases {
            #expect(status.verdict(on: .promote) == (refused.contains(status) ? .refused : .accepted))
        }
    }

    @Test("an inactive development deployment may be promoted, since it keeps its image")
    func promoteInactiveDevelopment() {
        #expect(DeploymentStatus.inactive.verdict(on: .promote, isDevelopment: true) == .accepted)
        #expect(DeploymentStatus.buildFailed.verdict(on: .promote, isDevelopment: true) == .refused)
    }

    @Test("only an inactive deployment is activated; failed ones are refused, live ones unaffected")
    func activate() {
        for status in DeploymentStatus.allCases {
            let expected: ActionVerdict =
                status == .inactive
                ? .accepted : status.isFailure || status == .deactivating ? .refused : .noEffect
            #expect(status.verdict(on: .activate) == expected)
        }
    }

    @Test("deactivating what does not run succeeds without effect")
    func deactivate() {
        for status in DeploymentStatus.allCases {
            let idle = status.isFailure || status == .deactivating || status == .inactive
            #expect(status.verdict(on: .deactivate) == (idle ? .noEffect : .accepted))
        }
    }

    @Test("only failed deployments are retried")
    func retry() {
        for status in DeploymentStatus.allCases {
            #expect(status.verdict(on: .retry) == (status.isFailure ? .accepted : .noEffect))
        }
    }
}

@Suite struct NamesTests {
    @Test(
        "environment names follow the DNS label rules",
        arguments: [
            ("staging", true), ("eu-west", true), ("a", true), ("development", false), ("", false),
            ("Prod", false), ("-a", false), ("a-", false), ("a_b", false),
            (String(repeating: "a", count: 41), false),
        ])
    func environments(name: String, good: Bool) {
        #expect((Names.problem(inEnvironmentName: name) == nil) == good)
    }

    @Test(
        "secret names cannot leave their directory",
        arguments: [
            ("hf_token", true), ("a.b", true), ("..", false), (".x", false), ("a/b", false), ("", false),
        ])
    func secrets(name: String, good: Bool) {
        #expect((Names.problem(inSecretName: name) == nil) == good)
    }

    @Test("a new identifier starts with a letter and has the asked length")
    func identifiers() {
        var generator = SystemRandomNumberGenerator()
        for length in 5...8 {
            let id = ModelID.random(length: length, using: &generator)
            #expect(id.text.count == length)
            #expect(id.text.first!.isLetter)
        }
    }
}
