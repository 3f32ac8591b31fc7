// Work that several builds wait for.

import Foundation
import SlipwayEngine
import Synchronization
import Testing

@testable import SlipwayLocalEngine

@Suite struct SharedWorkTests {
    private static func endless() -> SharedWork {
        SharedWork(Task { try await Task.sleep(for: .seconds(3600)) })
    }

    private static func waiters(_ count: Int, of work: SharedWork) async throws -> [Task<Void, any Error>] {
        let tasks = (0..<count).map { _ in Task { try await work.wait() } }
        while !work.hasWaiters { await Task.yield() }
        try await Task.sleep(for: .milliseconds(50))
        return tasks
    }

    @Test("it ends when the last of its waiters is cancelled, and not before")
    func cancellation() async throws {
        let work = Self.endless()
        let waiters = try await Self.waiters(3, of: work)
        for waiter in waiters.dropLast() {
            waiter.cancel()
            try await Task.sleep(for: .milliseconds(20))
            #expect(!work.isGivenUp)
        }
        waiters[2].cancel()
        for waiter in waiters {
            await #expect(throws: CancellationError.self) { try await waiter.value }
        }
        #expect(work.isGivenUp && !work.hasWaiters)
    }

    @Test("what one waiter needs goes on when the others are cancelled")
    func goesOn() async throws {
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        let work = SharedWork(Task<Void, any Error> { for await _ in gate { break } })
        let waiters = try await Self.waiters(3, of: work)
        waiters[0].cancel()
        waiters[1].cancel()
        open.yield()
        for waiter in waiters { try await waiter.value }
        #expect(!work.isGivenUp)
    }
}

@Suite struct BuildShortageTests {
    @Test(
        "what the machine lacks is told apart from what is wrong with a build",
        arguments: [
            (ENOSPC, "disk"), (EDQUOT, "disk"), (EMFILE, "descriptors"), (ENFILE, "descriptors"),
            (ENOMEM, "memory"), (EACCES, nil), (0, nil),
        ] as [(Int32, String?)])
    func codes(code: Int32, word: String?) {
        let root = FileManager.default.temporaryDirectory.path
        let cocoa = NSError(
            domain: NSCocoaErrorDomain, code: 512,
            userInfo: [NSUnderlyingErrorKey: NSError(domain: NSPOSIXErrorDomain, code: Int(code))])
        for error in [SpawnError("x", code: code), cocoa] as [any Error] {
            let words = BuildShortage.words(for: error, root: root)
            #expect(word.map { words?.contains($0) == true } ?? (words == nil), "\(error)")
        }
    }

    @Test("a failed build on a machine with room is the build's own failure")
    func own() {
        let root = FileManager.default.temporaryDirectory.path
        #expect(BuildShortage.words(for: BuildFailure(reason: "No space left on device"), root: root) == nil)
        #expect(BuildShortage.words(for: CancellationError(), root: root) == nil)
    }

    @Test("a disk is full without blocks or without files; what has no number of either is not")
    func full() {
        func isFull(_ free: UInt64, _ freeFiles: UInt64, blocks: UInt64 = 1000, files: UInt64 = 1000) -> Bool
        {
            BuildShortage.isFull(blocks, free: free, blockSize: 4096, files: files, freeFiles: freeFiles)
        }
        #expect(isFull(0, 1000) && isFull(1023, 1000) && isFull(1 << 20, 0))
        #expect(!isFull(1024, 1000) && !isFull(0, 0, blocks: 0, files: 0) && !isFull(.max, .max))
    }
}
