// The part of a request that is in memory, as the upstream is to receive it but for the request line: what it has
// not taken yet, and, while that is little, all of it so that it can be sent again.

import SlipwaySockets

struct RequestBody: ~Copyable {
    private let replayLimit: Int
    /// Header fields first, then the body.
    private(set) var message = ByteQueue()
    /// How much of `message` was handed out already.
    private var handedOut = 0
    private var isRetaining = true
    private var hasLostBytes = false

    /// All bytes of the body that came so far.
    private(set) var received = 0
    private(set) var isComplete = false

    init(replayLimit: Int) { self.replayLimit = replayLimit }

    /// Bytes that were not handed out yet.
    var waiting: Int { message.count - handedOut }
    var isEmpty: Bool { waiting == 0 }

    /// Writes the header fields; before anything else.
    mutating func writeFields(_ write: (inout ByteQueue) -> Void) { write(&message) }

    mutating func append(_ bytes: UnsafeRawBufferPointer, isChunked: Bool) {
        received += bytes.count
        if isChunked {
            message.append(hexadecimal: bytes.count)
            message.append("\r\n")
            message.append(bytes)
            message.append("\r\n")
        } else {
            message.append(bytes)
        }
        if received > replayLimit { stopRetaining() }
    }

    mutating func complete(isChunked: Bool, trailer: UnsafeRawBufferPointer) {
        isComplete = true
        guard isChunked else { return }
        message.append("0\r\n")
        message.append(trailer)
        message.append("\r\n")
    }

    /// What is to be sent next; valid until the next change. `wasHandedOut` follows.
    borrowing func handOut() -> UnsafeRawBufferPointer { message.bytes.part(handedOut, message.count) }

    mutating func wasHandedOut() {
        handedOut = message.count
        if !isRetaining { forget() }
    }

    /// Forgets what was handed out: the body is too large or an answer has begun.
    mutating func stopRetaining() {
        guard isRetaining else { return }
        isRetaining = false
        forget()
    }

    private mutating func forget() {
        guard handedOut > 0 else { return }
        hasLostBytes = true
        message.removeFirst(handedOut)
        handedOut = 0
        if message.isEmpty { message.removeAll(keeping: 64 * 1024) }
    }

    /// Starts over for another upstream; false when the first bytes are gone.
    mutating func rewind() -> Bool {
        guard !hasLostBytes else { return false }
        handedOut = 0
        return true
    }
}
