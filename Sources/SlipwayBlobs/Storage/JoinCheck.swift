// The checksums that are verified while parts are joined: each part's own, and that of the joined object.

struct JoinCheck {
    private let expected: JoinedChecksum?
    /// Over the bytes, or over the parts' checksums.
    private var whole: RunningChecksum?
    /// The algorithm over each part's bytes that feeds `whole`.
    private let composed: ChecksumAlgorithm?
    private var partOfComposed: RunningChecksum?
    private var part: RunningChecksum?

    init(_ expected: JoinedChecksum?) {
        self.expected = expected
        switch expected {
        case .ofBytes(let checksum):
            whole = RunningChecksum(checksum.algorithm)
            composed = nil
        case .ofParts(let checksum, _):
            whole = RunningChecksum(checksum.algorithm)
            composed = checksum.algorithm
        case nil:
            whole = nil
            composed = nil
        }
    }

    mutating func beginPart(_ reference: PartReference) {
        part = (reference.checksum?.algorithm).map(RunningChecksum.init)
        partOfComposed = composed.map(RunningChecksum.init)
    }

    mutating func update(_ bytes: ArraySlice<UInt8>) {
        part?.update(bytes)
        if composed == nil { whole?.update(bytes) } else { partOfComposed?.update(bytes) }
    }

    /// Whether the part is the one its reference states.
    mutating func endPart(_ reference: PartReference) -> Bool {
        if let value = partOfComposed?.value { whole?.update(value[...]) }
        return part?.value == reference.checksum?.value
    }

    func isGood(partCount: Int) -> Bool {
        switch expected {
        case .ofBytes(let checksum): whole?.value == checksum.value
        case .ofParts(let checksum, let count): whole?.value == checksum.value && count == partCount
        case nil: true
        }
    }
}
