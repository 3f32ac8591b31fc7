// What all simulated clients share: asking a server that may die before it answers.

import SlipwayControl
import SlipwayCore

/// What a client knows after a call.
enum Answer<Value> {
    case acknowledged(Value)
    case refused(String)
    /// No answer, or one that promises nothing: it happened or it did not.
    case unknown

    var value: Value? { if case .acknowledged(let value) = self { value } else { nil } }
}

extension World {
    /// Makes a call once a server is up. What comes back after its death was never heard.
    func ask<Value>(
        _ what: String, _ body: (ControlPlane, Caller) async throws -> Value
    ) async -> Answer<Value> {
        while true {
            guard let server, let caller = server.caller else {
                try? await scheduler.sleep(.seconds(1))
                if Task.isCancelled { return .unknown }
                continue
            }
            note("call: \(what)")
            var answer: Answer<Value>
            do {
                answer = .acknowledged(try await body(server.control, caller))
            } catch let error as ControlError {
                answer = .refused(error.message)
            } catch {
                answer = .unknown
            }
            if server.isDead { answer = .unknown }
            note("answer: \(what): \(answer.summary)")
            return answer
        }
    }
}

extension Answer {
    fileprivate var summary: String {
        switch self {
        case .acknowledged: "done"
        case .refused(let reason): "refused: \(reason)"
        case .unknown: "no answer"
        }
    }
}
