// The addresses that are this machine's own.

import Foundation

enum HostAddresses {
    /// IPv4 addresses of all interfaces but loopback and the pairs of replicas, which are refused as a whole: they come and
    /// go with replicas, and what others may reach must not be told anew each time.
    static func current() -> Set<String> {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return [] }
        defer { freeifaddrs(list) }
        var found: Set<String> = []
        var next = list
        while let entry = next?.pointee {
            next = entry.ifa_next
            guard let address = entry.ifa_addr, Int32(address.pointee.sa_family) == AF_INET,
                !String(cString: entry.ifa_name).hasPrefix(ReplicaAddresses.prefix)
            else { continue }
            var text = [CChar](repeating: 0, count: Int(INET_ADDRSTRLEN))
            address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                _ = inet_ntop(AF_INET, &$0.pointee.sin_addr, &text, socklen_t(text.count))
            }
            let name = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            if !name.isEmpty, !name.hasPrefix("127.") { found.insert(name) }
        }
        return found
    }
}
