// Answers to the questions clients poll, kept until the next write. The store's one writer is this process, so
// its version says whether anything may have changed.

import SlipwayCore
import SlipwayStore
import Synchronization

final class AnswerCache: Sendable {
    enum Question: Hashable {
        /// By SHA-256 of the key.
        case caller([UInt8])
        case model(ModelID)
        case models(team: TeamID?, named: String?)
        case detailedModel(ModelID)
        case detailedModels(team: TeamID?)
        case deployment(DeploymentSelector, ModelID)
    }

    /// More answers than this are not kept.
    private static let capacity = 1024

    private struct Answers {
        var version: UInt64 = 0
        var byQuestion: [Question: any Sendable] = [:]
    }

    private let store: Store
    private let answers = Mutex(Answers())

    init(store: Store) { self.store = store }

    /// The kept answer, or one read now. What the read throws is not kept.
    func answer<Answer: Sendable>(
        _ question: Question, _ read: @escaping @Sendable (StoreReader) throws -> Answer
    ) async throws -> Answer {
        // Taken before the read: a write in between makes the answer old at once.
        let version = store.version
        let kept = answers.withLock { $0.version == version ? $0.byQuestion[question] : nil }
        if let kept = kept as? Answer { return kept }
        let answer = try await store.read(read)
        answers.withLock { answers in
            guard answers.version <= version else { return }
            if answers.version < version || answers.byQuestion.count >= Self.capacity {
                answers = Answers(version: version)
            }
            answers.byQuestion[question] = answer
        }
        return answer
    }
}
