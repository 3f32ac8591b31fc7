// Event-loop-bound by its owner. The part of a request body that is in memory: what the upstream has not taken
// yet, and, while the body is small, all of it so that it can be sent again.

import NIOCore

struct RequestBody {
    private let replayLimit: Int
    private var chunks = CircularBuffer<ByteBuffer>()
    /// How many of `chunks` were handed out already.
    private var handedOut = 0
    private var isRetaining = true
    private var hasLostBytes = false

    /// All bytes that came so far.
    private(set) var received = 0
    /// Bytes that were not handed out yet.
    private(set) var waiting = 0
    private(set) var isComplete = false

    init(replayLimit: Int) { self.replayLimit = replayLimit }

    mutating func append(_ chunk: ByteBuffer) {
        received += chunk.readableBytes
        waiting += chunk.readableBytes
        chunks.append(chunk)
        if received > replayLimit { stopRetaining() }
    }

    mutating func complete() { isComplete = true }

    /// The next chunk to send, nil when the upstream has all there is.
    mutating func next() -> ByteBuffer? {
        guard handedOut < chunks.count else { return nil }
        let chunk: ByteBuffer
        if isRetaining {
            chunk = chunks[chunks.index(chunks.startIndex, offsetBy: handedOut)]
            handedOut += 1
        } else {
            chunk = chunks.removeFirst()
            hasLostBytes = true
        }
        waiting -= chunk.readableBytes
        return chunk
    }

    /// Forgets what was handed out: the body is too large or an answer has begun.
    mutating func stopRetaining() {
        guard isRetaining else { return }
        isRetaining = false
        if handedOut > 0 {
            chunks.removeFirst(handedOut)
            handedOut = 0
            hasLostBytes = true
        }
    }

    /// Starts over for another upstream; false when the first bytes are gone.
    mutating func rewind() -> Bool {
        guard !hasLostBytes else { return false }
        handedOut = 0
        waiting = received
        return true
    }
}
