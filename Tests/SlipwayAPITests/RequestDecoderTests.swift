// Request bodies and queries: defaults, and the sentence for each way to get one wrong.

import Testing

@testable import SlipwayAPI

@Suite struct RequestDecoderTests {
    private func refusal<Request: WireRequest>(_ type: Request.Type, _ body: String) -> String? {
        do throws(BadRequest) {
            _ = try RequestDecoder.decode(type, from: Array(body.utf8))
            return nil
        } catch {
            return error.message
        }
    }

    @Test(arguments: [
        "", "  \n", "null", "{}", #"{"scale_down_previous_production": null}"#,
    ])
    func `No body, null, no members and null members all mean the defaults of a promotion`(body: String)
        throws
    {
        let request = try RequestDecoder.decode(PromoteRequestV1.self, from: Array(body.utf8))
        #expect(request == PromoteRequestV1(scaleDownPreviousProduction: true, preserveEnvInstanceType: true))
    }

    @Test func `Members that are given are taken`() throws {
        let body = #"{"deployment_id": "abc", "scale_down_previous_deployment": false}"#
        let request = try RequestDecoder.decode(PromoteToEnvironmentRequestV1.self, from: Array(body.utf8))
        #expect(
            request
                == PromoteToEnvironmentRequestV1(
                    scaleDownPreviousDeployment: false, deploymentID: "abc", preserveEnvInstanceType: true))
    }

    @Test(arguments: [
        (#"{"scale_down_previous_production": "true"}"#, "expected a boolean, found a string"),
        (#"{"scale_down_previous_production": 1}"#, "expected a boolean, found a number"),
        (#"{"scale_down_previous_production": []}"#, "expected a boolean, found an array"),
        (#"{"scale_down_previous_production": {}}"#, "expected a boolean, found an object"),
    ])
    func `A boolean is nothing but true or false`(body: String, problem: String) {
        #expect(refusal(PromoteRequestV1.self, body) == "scale_down_previous_production: \(problem)")
    }

    @Test(arguments: [
        (
            #"{"min_replica": 1.0}"#,
            "min_replica: expected an integer, found a number with a fraction or exponent"
        ),
        (#"{"min_replica": "1"}"#, "min_replica: expected an integer, found a string"),
        (#"{"min_replica": true}"#, "min_replica: expected an integer, found a boolean"),
        (#"{"max_scale_down_rate": 0}"#, "max_scale_down_rate: expected an integer from 1 to 50, found 0"),
        (#"{"max_scale_down_rate": 51}"#, "max_scale_down_rate: expected an integer from 1 to 50, found 51"),
        (#"{"foo": 1}"#, "unknown member \"foo\""),
        (#"[]"#, "body: expected an object, found an array"),
        (#"null"#, "body: expected an object, found null"),
        ("", "The request needs a JSON object as its body."),
        (#"{"min_replica": 1"#, "malformed JSON at byte 17: the document ends too early"),
        (#"{"min_replica" 1}"#, "malformed JSON at byte 15: expected ':'"),
    ])
    func `A wrong change of autoscaling settings is refused in words`(body: String, message: String) {
        #expect(refusal(UpdateAutoscalingSettingsV1.self, body) == message)
    }

    @Test func `Autoscaling bounds themselves are good`() throws {
        for rate in [1, 50] {
            let body = Array(#"{"max_scale_down_rate": \#(rate), "min_replica": null}"#.utf8)
            let request = try RequestDecoder.decode(UpdateAutoscalingSettingsV1.self, from: body)
            #expect(request == UpdateAutoscalingSettingsV1(maxScaleDownRate: rate))
        }
    }

    @Test(arguments: [
        (#"{"deployment_id": 5}"#, "deployment_id: expected a string, found a number"),
        (#"{"deployment_id": null}"#, "deployment_id: expected a string, found null"),
        (#"{}"#, "deployment_id: expected a string, found nothing"),
    ])
    func `A required member must be there`(body: String, message: String) {
        #expect(refusal(PromoteToEnvironmentRequestV1.self, body) == message)
    }

    @Test(arguments: [
        (#"{"limit": 0}"#, "limit: expected an integer from 1 to 1000, found 0"),
        (#"{"limit": 1001}"#, "limit: expected an integer from 1 to 1000, found 1001"),
        (#"{"direction": "up"}"#, "direction: expected one of asc, desc, found \"up\""),
        (#"{"direction": 1}"#, "direction: expected a string, found a number"),
        (#"{"includes": "a"}"#, "includes: expected an array, found a string"),
        (#"{"includes": ["a", 2]}"#, "includes[1]: expected a string, found a number"),
        (#"{"excludes": ["","","","","","","","",""]}"#, "excludes: expected at most 8 elements, found 9"),
        (#"{"replica": "\#(String(repeating: "x", count: 257))"}"#, "replica: expected 0 to 256 characters"),
    ])
    func `A wrong log query is refused in words`(body: String, message: String) {
        #expect(refusal(GetDeploymentLogsRequestV1.self, body) == message)
    }

    @Test(arguments: [
        (
            #"{"source": {"kind": "git"}}"#,
            "source.kind: expected one of model_archive, library_listing, found \"git\""
        ),
        (#"{"source": []}"#, "source: expected an object, found an array"),
        (#"{}"#, "source: expected an object, found nothing"),
        (
            #"{"source": {"name": "m", "s3_key": "k", "deployment": {"config": "yaml"}}}"#,
            "source.deployment.config: expected an object, found a string"
        ),
        (
            #"{"source": {"name": "m", "s3_key": "k", "deployment": {"config": {}, "deploy_timeout_minutes": 9}}}"#,
            "source.deployment.deploy_timeout_minutes: expected an integer from 10 to 1440, found 9"
        ),
        (
            #"{"source": {"name": "m", "deployment": {"config": {}}}}"#,
            "source.s3_key: expected a string, found nothing"
        ),
    ])
    func `A wrong push is refused with the path of the member`(body: String, message: String) {
        #expect(refusal(CreateModelRequestV1.self, body) == message)
    }

    @Test func `A push is read with its free members unchanged`() throws {
        let body = #"""
            {"source": {"kind": "model_archive", "name": "m", "s3_key": "models/k", "deployment": {
            "config": {"python_version": "py311", "n": 3}, "labels": {"n": 12345678901234567, "x": 0.5}}}}
            """#
        let expected = CreateModelRequestV1(
            source: .modelArchive(
                ModelArchiveSourceV1(
                    name: "m",
                    deployment: DeploymentArchivePayloadV1(
                        config: ["python_version": "py311", "n": 3],
                        labels: ["n": .integer(12_345_678_901_234_567), "x": .number(0.5)]),
                    s3Key: "models/k")))
        let request = try RequestDecoder.decode(CreateModelRequestV1.self, from: Array(body.utf8))
        #expect(request == expected)
        let written = try WireJSON.encode(request)
        #expect(try RequestDecoder.decode(CreateModelRequestV1.self, from: written) == expected)
        #expect(try WireJSON.decode(CreateModelRequestV1.self, from: written) == expected)
    }

    @Test(arguments: [(0, false), (1, true), (255, true), (256, false)])
    func `A deployment name has 1 to 255 characters`(length: Int, good: Bool) {
        let body = #"{"name": "\#(String(repeating: "é", count: length))"}"#
        #expect((refusal(UpdateDeploymentRequestV1.self, body) == nil) == good)
    }

    @Test func `A body beyond the limit is refused unread`() {
        let body = [UInt8](repeating: 0x20, count: RequestDecoder.maximumBodySize + 1)
        #expect(throws: BadRequest("The body is larger than 4194304 bytes.")) {
            try RequestDecoder.decode(PromoteRequestV1.self, from: body)
        }
    }

    @Test func `A log query is read from query parameters`() throws {
        let request = try GetDeploymentLogsRequestV1(query: [
            ("limit", "10"), ("includes", "a"), ("includes", "b,c"), ("direction", "desc"),
            ("min_level", "WARNING"), ("start_epoch_millis", "1700000000000"),
        ])
        #expect(
            request
                == GetDeploymentLogsRequestV1(
                    startEpochMillis: 1_700_000_000_000, direction: .desc, limit: 10, minLevel: .warning,
                    includes: ["a", "b,c"]))
    }

    @Test(arguments: [
        ([("limit", "ten")], "query parameter limit: expected an integer"),
        ([("limit", "1.0")], "query parameter limit: expected an integer"),
        ([("limit", "1"), ("limit", "2")], "query parameter limit: given more than once"),
        ([("unknown", "x")], "unknown member \"unknown\""),
        ([("limit", "0")], "limit: expected an integer from 1 to 1000, found 0"),
        ([("direction", "")], "direction: expected one of asc, desc, found \"\""),
    ])
    func `A wrong query parameter is refused in words`(query: [(String, String)], message: String) {
        #expect(throws: BadRequest(message)) {
            try GetDeploymentLogsRequestV1(query: query.map { (name: $0.0, value: $0.1) })
        }
    }
}
