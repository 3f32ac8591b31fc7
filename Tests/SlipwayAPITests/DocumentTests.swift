// Documents against literal JSON: names, explicit nulls, and reading back.

import Testing

@testable import SlipwayAPI

@Suite struct DocumentTests {
    private func text(_ document: some Encodable) throws -> String {
        String(decoding: try WireJSON.encode(document), as: UTF8.self)
    }

    @Test func `A deployment writes its empty members as null`() throws {
        let expected =
            #"{"active_replica_count":0,"autoscaling_settings":null,"created_at":"2026-07-01T09:30:00.000123Z","#
            + #""environment":null,"id":"d1","instance_type_name":null,"is_development":true,"#
            + #""is_production":false,"labels":null,"model_id":"m1","name":"one","#
            + #""request_backpressure_settings":{"policy":null},"status":"SCALED_TO_ZERO","status_reason":null}"#
        #expect(try text(Samples.deployment) == expected)
        #expect(try WireJSON.decode(DeploymentV1.self, from: Array(expected.utf8)) == Samples.deployment)
    }

    @Test func `Labels keep integers and fractions apart`() throws {
        var deployment = Samples.deployment
        deployment.labels = ["i": 7, "f": .number(0.5), "l": [true, .null], "u": "https://x/y"]
        #expect(try text(deployment).contains(#""labels":{"f":0.5,"i":7,"l":[true,null],"u":"https://x/y"}"#))
        #expect(try WireJSON.decode(DeploymentV1.self, from: WireJSON.encode(deployment)) == deployment)
    }

    @Test func `An environment writes settings, defaults and nulls`() throws {
        let written = try text(Samples.environment)
        #expect(written.contains(#""current_deployment":null"#))
        #expect(written.contains(#""candidate_deployment":null,"#))
        #expect(written.contains(#""in_progress_promotion":null"#))
        #expect(
            written.contains(
                #""promotion_settings":{"promotion_cleanup_strategy":"SCALE_TO_ZERO","ramp_up_duration_seconds":600,"#
                    + #""ramp_up_while_promoting":false,"redeploy_on_promotion":false,"rolling_deploy":false,"#
                    + #""rolling_deploy_config":null,"slipway":{"gate":null,"watch":null}}"#))
    }

    @Test func `An empty upload answer is four nulls`() throws {
        #expect(
            try text(PrepareModelUploadResponseV1())
                == #"{"creds":null,"s3_bucket":null,"s3_key":null,"s3_region":null}"#)
    }

    @Test func `Members a peer leaves out are read as null`() throws {
        let body = #"{"user_id":"u"}"#
        #expect(try WireJSON.decode(UserInfoV1.self, from: Array(body.utf8)) == UserInfoV1(userID: "u"))
    }

    @Test func `Errors of both planes have the words clients look for`() throws {
        #expect(
            try text(ErrorV1(code: "NOT_FOUND", message: "gone"))
                == #"{"code":"NOT_FOUND","error":"gone","message":"gone"}"#)
        #expect(
            try text(InferenceErrorV1(error: "late", errorCode: .timeout, detail: "d"))
                == #"{"detail":"d","error":"late","error_code":"timeout"}"#)
    }

    @Test(arguments: Samples.answers.indices)
    func `Every answer reads back to the same bytes`(index: Int) throws {
        func reread<Document: Codable>(_ document: Document) throws -> [UInt8] {
            try WireJSON.encode(WireJSON.decode(Document.self, from: WireJSON.encode(document)))
        }
        let document = Samples.answers[index].document
        #expect(try reread(document) == WireJSON.encode(document))
    }

    @Test(arguments: Samples.requests.indices)
    func `Every request reads back to the same bytes`(index: Int) throws {
        func reread<Request: WireRequest>(_ request: Request) throws -> [UInt8] {
            try WireJSON.encode(RequestDecoder.decode(Request.self, from: WireJSON.encode(request)))
        }
        let document = Samples.requests[index].document
        #expect(try reread(document) == WireJSON.encode(document))
    }
}
