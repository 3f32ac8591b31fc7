// Why a command ended without doing its work, with what to do next and the code the process exits with.

import Foundation

/// What the process exits with; `docs/cli.md` lists them. Mistakes in the arguments exit with 64, as ArgumentParser does.
public enum FailureCode: Int32, Sendable, CaseIterable {
    case failed = 1
    case notFound = 3
    case unauthorised = 4
    case unreachable = 5
    case timedOut = 6

    /// For people, in the documentation.
    public var meaning: String {
        switch self {
        case .failed: "refused, failed, or answered with no"
        case .notFound: "something that was named does not exist, or the name fits several things"
        case .unauthorised: "no API key, a wrong one, or one that may not do this"
        case .unreachable: "no server answers there"
        case .timedOut: "`--timeout` passed"
        }
    }
}

/// An error that a person reads.
public struct CommandFailure: Error, Equatable, CustomStringConvertible {
    /// What the process exits with.
    public var code: FailureCode
    var message: String
    /// What to do next.
    var hint: String?

    init(_ message: String, hint: String? = nil, code: FailureCode = .failed) {
        self.message = message
        self.hint = hint
        self.code = code
    }

    public var description: String { hint.map { "\(message)\n\($0)" } ?? message }

    /// What the server answered instead of doing what it was asked.
    static func answered(_ status: Int, _ message: String) -> CommandFailure {
        let message = "The server answered \(status): \(message)"
        return switch status {
        case 401:
            CommandFailure(
                message,
                hint: "Log in with `slipway login`, set SLIPWAY_API_KEY or give --api-key-file.",
                code: .unauthorised)
        case 403: CommandFailure(message, hint: "Use the key of someone who may.", code: .unauthorised)
        case 404: CommandFailure(message, code: .notFound)
        case 429: CommandFailure(message, hint: "Try again in a moment.")
        default: CommandFailure(message)
        }
    }

    /// Nothing listens there.
    static func unreachable(_ address: String) -> CommandFailure {
        CommandFailure(
            "No server answers at \(address).",
            hint: "Start one with `slipway serve`, or name another with --remote.", code: .unreachable)
    }

    static func noKey(_ reason: String) -> CommandFailure {
        CommandFailure(
            "No API key: \(reason)",
            hint: "Log in with `slipway login`, set SLIPWAY_API_KEY or give --api-key-file.",
            code: .unauthorised)
    }
}
