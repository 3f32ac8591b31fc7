// The list of the contract's operations and finding the one a path belongs to.

import Testing

@testable import SlipwayAPI

@Suite struct ContractOperationTests {
    @Test func `The list has every operation once`() {
        #expect(ContractOperation.all.count == 219)
        #expect(Set(ContractOperation.all.map { "\($0.method) \($0.path)" }).count == 219)
    }

    @Test func `Paths have a plane, and braces enclose whole segments`() {
        for operation in ContractOperation.all {
            #expect(operation.path.hasPrefix("/") && !operation.path.hasSuffix("/"))
            for segment in operation.path.split(separator: "/") {
                #expect(segment.hasPrefix("{") == segment.hasSuffix("}"))
                #expect(!segment.dropFirst().dropLast().contains { "{}".contains($0) })
            }
        }
        #expect(ContractOperation.all.filter { $0.plane == .inference }.count == 32)
    }

    @Test func `A literal segment wins over a parameter`() {
        let promote = { ContractOperation.matching(.post, path: $0, plane: .management)?.path }
        #expect(
            promote("/v1/models/m1/deployments/development/promote")
                == "/v1/models/{model_id}/deployments/development/promote")
        #expect(
            promote("/v1/models/m1/deployments/d1/promote")
                == "/v1/models/{model_id}/deployments/{deployment_id}/promote")
    }

    @Test func `Operations that are not built are found as such`() {
        #expect(ContractOperation.matching(.get, path: "/v1/chains", plane: .management)?.built == false)
        #expect(ContractOperation.matching(.get, path: "/v1/models", plane: .management)?.built == true)
    }

    @Test(arguments: ["/v1/nothing", "/v1/models/", "/v1/models//deployments", "v1/models", "", "/"])
    func `Other paths belong to no operation`(path: String) {
        #expect(ContractOperation.matching(.get, path: path, plane: .management) == nil)
    }

    @Test func `Methods and planes are kept apart`() {
        #expect(ContractOperation.matching(.put, path: "/v1/models", plane: .management) == nil)
        #expect(ContractOperation.matching(.post, path: "/predict", plane: .management) == nil)
        #expect(ContractOperation.matching(.post, path: "/predict", plane: .inference)?.built == true)
    }
}
