// Addresses of the pairs of interfaces between this machine and replicas (RFC 2544 keeps them for benchmarks: no network
// that anyone reaches has them).

enum ReplicaAddresses {
    static let range = "198.18.0.0/15"
    /// Pairs of addresses in the first half of the range.
    static let count = 1 << 15
    /// Of the machine's ends of all pairs.
    static let prefix = "slw"

    struct Pair: Sendable, Equatable {
        /// Below `count`.
        var index: Int

        /// On the machine's side, with a name that no other pair of this machine has.
        var interface: String { prefix + String(index, radix: 16) }
        var machine: String { address(index * 2) }
        var replica: String { address(index * 2 + 1) }

        private func address(_ number: Int) -> String { "198.18.\(number >> 8).\(number & 255)" }
    }
}
