// BLAKE3 (the hash of https://github.com/BLAKE3-team/BLAKE3-specs), unkeyed, 32 bytes: for source trees of some
// thousand files, so it is written to be short, not to be fast.

/// Takes bytes in any portions and gives their hash.
public struct BLAKE3: Sendable {
    private var chunk = Chunk(index: 0)
    /// Chaining values of complete subtrees, the largest first; their sizes are the one-bits of the chunk count.
    private var subtrees: [[UInt32]] = []

    public init() {}

    public mutating func update(_ bytes: some Sequence<UInt8>) {
        for byte in bytes {
            if chunk.isFull {
                add(chunk.node.chainingValue, chunks: chunk.index + 1)
                chunk = Chunk(index: chunk.index + 1)
            }
            chunk.append(byte)
        }
    }

    /// The hash of all bytes so far, 32 bytes.
    public func finalize() -> [UInt8] {
        var node = chunk.node
        for subtree in subtrees.reversed() { node = .parent(subtree, node.chainingValue) }
        return node.rootBytes
    }

    public static func hash(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var hasher = BLAKE3()
        hasher.update(bytes)
        return hasher.finalize()
    }

    /// Joins subtrees of the same size, as many as the number of chunks so far has zero-bits at its end.
    private mutating func add(_ value: [UInt32], chunks: UInt64) {
        var value = value
        var chunks = chunks
        while chunks & 1 == 0 {
            value = Node.parent(subtrees.removeLast(), value).chainingValue
            chunks >>= 1
        }
        subtrees.append(value)
    }
}

/// Up to 1024 bytes, in blocks of 64.
private struct Chunk: Sendable {
    let index: UInt64
    private var chainingValue = Compression.initial
    private var block: [UInt8] = []
    private var blocksDone = 0

    init(index: UInt64) {
        self.index = index
        block.reserveCapacity(64)
    }

    var isFull: Bool { blocksDone == 15 && block.count == 64 }

    mutating func append(_ byte: UInt8) {
        // The last block is kept back: only at the end it is known to be the last.
        if block.count == 64 {
            chainingValue = node(flags: 0).chainingValue
            blocksDone += 1
            block.removeAll(keepingCapacity: true)
        }
        block.append(byte)
    }

    var node: Node { node(flags: Compression.chunkEnd) }

    private func node(flags: UInt32) -> Node {
        Node(
            chainingValue: chainingValue, words: Compression.words(block), counter: index,
            length: UInt32(block.count), flags: flags | (blocksDone == 0 ? Compression.chunkStart : 0))
    }
}

/// A compression that is still to be made: as an inner node or as the root.
private struct Node: Sendable {
    private var input: [UInt32]
    private var words: [UInt32]
    private var counter: UInt64
    private var length: UInt32
    private var flags: UInt32

    init(chainingValue: [UInt32], words: [UInt32], counter: UInt64, length: UInt32, flags: UInt32) {
        input = chainingValue
        self.words = words
        self.counter = counter
        self.length = length
        self.flags = flags
    }

    static func parent(_ left: [UInt32], _ right: [UInt32]) -> Node {
        Node(
            chainingValue: Compression.initial, words: left + right, counter: 0, length: 64,
            flags: Compression.parent)
    }

    var chainingValue: [UInt32] { Compression.compress(input, words, counter, length, flags) }

    var rootBytes: [UInt8] {
        Compression.compress(input, words, 0, length, flags | Compression.root).flatMap { word in
            (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) }
        }
    }
}

private enum Compression {
    static let chunkStart: UInt32 = 1
    static let chunkEnd: UInt32 = 2
    static let parent: UInt32 = 4
    static let root: UInt32 = 8

    static let initial: [UInt32] = [
        0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB,
        0x5BE0_CD19,
    ]
    private static let permutation = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8]

    /// A block as little-endian words, filled up with zeros.
    static func words(_ block: [UInt8]) -> [UInt32] {
        var words = [UInt32](repeating: 0, count: 16)
        for (position, byte) in block.enumerated() {
            words[position / 4] |= UInt32(byte) << UInt32(8 * (position % 4))
        }
        return words
    }

    /// The first eight words of the compression function's output.
    static func compress(
        _ input: [UInt32], _ block: [UInt32], _ counter: UInt64, _ length: UInt32, _ flags: UInt32
    ) -> [UInt32] {
        var state =
            input + initial[..<4] + [
                UInt32(truncatingIfNeeded: counter), UInt32(counter >> 32), length, flags,
            ]
        var words = block
        for round in 0..<7 {
            mix(&state, 0, 4, 8, 12, words[0], words[1])
            mix(&state, 1, 5, 9, 13, words[2], words[3])
            mix(&state, 2, 6, 10, 14, words[4], words[5])
            mix(&state, 3, 7, 11, 15, words[6], words[7])
            mix(&state, 0, 5, 10, 15, words[8], words[9])
            mix(&state, 1, 6, 11, 12, words[10], words[11])
            mix(&state, 2, 7, 8, 13, words[12], words[13])
            mix(&state, 3, 4, 9, 14, words[14], words[15])
            if round < 6 { words = permutation.map { words[$0] } }
        }
        return (0..<8).map { state[$0] ^ state[$0 + 8] }
    }

    private static func mix(
        _ state: inout [UInt32], _ a: Int, _ b: Int, _ c: Int, _ d: Int, _ x: UInt32, _ y: UInt32
    ) {
        state[a] = state[a] &+ state[b] &+ x
        state[d] = rotated(state[d] ^ state[a], 16)
        state[c] = state[c] &+ state[d]
        state[b] = rotated(state[b] ^ state[c], 12)
        state[a] = state[a] &+ state[b] &+ y
        state[d] = rotated(state[d] ^ state[a], 8)
        state[c] = state[c] &+ state[d]
        state[b] = rotated(state[b] ^ state[c], 7)
    }

    private static func rotated(_ word: UInt32, _ bits: UInt32) -> UInt32 {
        word >> bits | word << (32 - bits)
    }
}
