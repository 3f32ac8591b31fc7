// Ports of this machine, for replicas without a network of their own (`--isolation none`).

import Foundation

struct HostPorts: Sendable {
    /// Below the kernel's range for outgoing connections, so that none is taken by chance.
    static let range = 20000...29999

    private let range: ClosedRange<Int>
    private var taken: Set<Int> = []
    private var next: Int

    /// Starts anywhere: seconds pass until the replica listens, and another server on this machine must not choose the
    /// same port meanwhile.
    init(_ range: ClosedRange<Int> = HostPorts.range) {
        self.range = range
        next = .random(in: range)
    }

    /// A port on which nothing listens; nil when there is none.
    mutating func take() -> Int? {
        for _ in range {
            let port = next
            next = next == range.upperBound ? range.lowerBound : next + 1
            if take(port) { return port }
        }
        return nil
    }

    /// Whether the very port could be had.
    mutating func take(_ port: Int) -> Bool {
        guard !taken.contains(port), Self.isFree(port) else { return false }
        taken.insert(port)
        return true
    }

    mutating func adopt(_ port: Int) { taken.insert(port) }

    mutating func release(_ port: Int) { taken.remove(port) }

    private static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr.s_addr = 0
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
