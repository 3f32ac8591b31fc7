// Runs `ip` and `nft` in the network of a replica or of this machine. They take milliseconds, so a thread of a pool
// waits for each.

import CSlipwayLinux
import Foundation
import NIOPosix
import SlipwaySockets

struct NetworkCommand: Sendable {
    /// The first is the path of the program.
    var arguments: [String]
    /// What the program reads; at most what a pipe takes at once.
    var input: String

    private static let timeout: Duration = .seconds(10)
    private static let maxInput = 60_000
    private static let maxOutput = 4096

    static func nft(_ rules: String) -> NetworkCommand {
        NetworkCommand(arguments: [NetworkTools.nft, "-f", "-"], input: rules)
    }

    static func ip(_ lines: [String]) -> NetworkCommand {
        NetworkCommand(
            arguments: [NetworkTools.ip, "-batch", "-"], input: lines.joined(separator: "\n") + "\n")
    }

    /// Runs it to its end.
    /// - Parameter network: where; nil for this machine's own.
    /// - Throws: `SpawnError` with what the program said.
    func run(in network: NetworkNamespace? = nil) async throws {
        try await NIOThreadPool.singleton.runIfActive { try runBlocking(in: network) }
    }

    private func runBlocking(in network: NetworkNamespace?) throws {
        guard input.utf8.count <= Self.maxInput else {
            throw SpawnError(description: "\(arguments[0]): there is too much to configure")
        }
        let questions = try Pipe2(), answers = try Pipe2()
        guard write(questions.end, input, input.utf8.count) == input.utf8.count else {
            throw SpawnError(arguments[0], code: errno)
        }
        questions.closeEnd()
        let pid = try start(in: network, input: questions.start, output: answers.end)
        answers.closeEnd()
        let status = Self.wait(for: pid)
        guard status != 0 else { return }
        var said = [UInt8](repeating: 0, count: Self.maxOutput)
        let count = read(answers.start, &said, said.count)
        let text = String(decoding: said[..<max(0, count)], as: UTF8.self)
        throw SpawnError(
            description: "\(arguments[0]): \(text.trimmingCharacters(in: .whitespacesAndNewlines))")
    }

    private func start(in network: NetworkNamespace?, input: Int32, output: Int32) throws -> pid_t {
        let argv = arguments.map { strdup($0) } + [nil]
        let envp = [strdup("PATH=/usr/sbin:/usr/bin:/sbin:/bin"), strdup("LC_ALL=C"), nil]
        defer { for text in argv + envp { free(text) } }
        return try argv.withUnsafeBufferPointer { argv in
            try envp.withUnsafeBufferPointer { envp in
                func visit(_ network: Int32, _ user: Int32) -> Int32 {
                    var visit = slipway_visit(
                        network: network, user: user, input: input, output: output,
                        arguments: argv.baseAddress, environment: envp.baseAddress)
                    return slipway_start_visit(&visit)
                }
                if let network { return try network.withFiles(visit) }
                let pid = visit(-1, -1)
                guard pid > 0 else { throw SpawnError(arguments[0], code: errno) }
                return pid
            }
        }
    }

    /// 0 when it ended well.
    private static func wait(for pid: pid_t) -> Int32 {
        let deadline = ContinuousClock.now + timeout
        var status: Int32 = 0
        while true {
            let ended = waitpid(pid, &status, WNOHANG)
            if ended == pid { return status }
            if ended < 0, errno != EINTR { return -1 }
            if ContinuousClock.now > deadline { kill(pid, SIGKILL) }
            usleep(200)
        }
    }
}

/// Both ends of a pipe, closed with this object.
private final class Pipe2 {
    let start: Int32
    private(set) var end: Int32

    init() throws {
        var ends: [Int32] = [-1, -1]
        guard slipway_pipe(&ends) == 0 else { throw SpawnError("pipe", code: errno) }
        (start, end) = (ends[0], ends[1])
    }

    func closeEnd() {
        close(end)
        end = -1
    }

    deinit {
        close(start)
        if end >= 0 { close(end) }
    }
}
