// Asks the gate of a promotion: a call or a program that must say yes before traffic moves. What it says is stored;
// after a restart in between it is asked again.

import AsyncHTTPClient
import Foundation
import NIOCore
import SlipwayCore
import SlipwayStore

extension Controller {
    func runGate(of promotion: Promotion) {
        guard let gate = promotion.rollout.gate, gates.insert(promotion.id).inserted else { return }
        log("Gate \(gate.url ?? gate.command ?? ""): asked.", .info, of: promotion.candidateID)
        Task {
            let problem = await self.ask(gate, promotion)
            await self.gateEnded(promotion, problem)
        }
    }

    private func gateEnded(_ promotion: Promotion, _ problem: String?) async {
        log(
            "Gate: \(problem ?? "passed.")", problem == nil ? .info : .error, of: promotion.candidateID)
        let (now, wall) = (dependencies.now(), dependencies.wallNow)
        do {
            try await store.write { db in
                guard var current = try db.promotion(promotion.id) else { return }
                let effect = current.gateEnded(problem, at: now)
                try db.update(current)
                if effect == .fallBack { try PromotionDriver.fallBack(current, in: db, at: wall) }
            }
        } catch {
            // It will be asked again.
            logger.error("what a gate said cannot be stored", metadata: ["error": "\(error)"])
        }
        gates.remove(promotion.id)
        inbox.ring()
    }

    /// Why the gate did not pass; nil when it did.
    private func ask(_ gate: PromotionGate, _ promotion: Promotion) async -> String? {
        do {
            if let url = gate.url { return try await call(url, gate, promotion) }
            return try await run(gate.command ?? "", gate, promotion)
        } catch let refusal as CallRefused {
            return "\(refusal)"
        } catch {
            return gate.url == nil ? "\(error)" : "it could not be reached: \(CallProblem.text(of: error))"
        }
    }

    private func call(_ url: String, _ gate: PromotionGate, _ promotion: Promotion) async throws -> String? {
        struct Question: Encodable {
            var model_id, deployment_id, environment, promotion_id: String
            var previous_deployment_id: String?
        }
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.body = .bytes(
            try JSONEncoder().encode(
                Question(
                    model_id: promotion.modelID.text, deployment_id: promotion.candidateID.text,
                    environment: promotion.environment, promotion_id: promotion.id.text,
                    previous_deployment_id: promotion.previousID?.text)))
        let answer = try await http.callOut(request, timeout: .seconds(Int64(gate.timeoutSeconds)))
        if answer.isGood { return nil }
        return "\(url) answered \(answer.status)\(answer.text.isEmpty ? "." : ": \(answer.text.prefix(500))")"
    }

    private func run(_ name: String, _ gate: PromotionGate, _ promotion: Promotion) async throws -> String? {
        guard let command = dependencies.gateCommand else {
            return "this server has no gate directory (--gate-dir)."
        }
        var environment = [
            "SLIPWAY_MODEL_ID": promotion.modelID.text,
            "SLIPWAY_DEPLOYMENT_ID": promotion.candidateID.text,
            "SLIPWAY_ENVIRONMENT": promotion.environment, "SLIPWAY_PROMOTION_ID": promotion.id.text,
        ]
        environment["SLIPWAY_PREVIOUS_DEPLOYMENT_ID"] = promotion.previousID?.text
        let moment = dependencies.now
        let code = try await command(name, environment, .seconds(gate.timeoutSeconds)) { [logs] line in
            logs.append(LogEntry(at: moment(), "gate: \(line)", level: .info), to: promotion.candidateID)
        }
        return code == 0 ? nil : "\(name) ended with code \(code)."
    }
}
