// What a replica with a way out may reach, as rules of nftables in its own network namespace, which it cannot change.

import SlipwayCore
import SlipwayTruss

struct EgressRules: Sendable, Equatable {
    /// The only addresses it may reach; nil for all that are outside.
    var allowed: [AddressRange]?
    var nameServers: [String]
    /// Of this machine.
    var own: Set<String>
    /// Reached although they may be among the refused: the operator names them.
    var named: [NamedAddress] = []

    /// Never outside: this network, loopback, link-local (with the metadata services of clouds), benchmark addresses,
    /// which other replicas have, and what has no single receiver.
    static let refused = [
        "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", ReplicaAddresses.range, "224.0.0.0/3",
    ]

    /// Read by nft in one transaction; replaces the rules there are.
    var text: String {
        var lines = [
            "table inet slipway {}", "delete table inet slipway", "table inet slipway {",
            "chain out {", "type filter hook output priority 0; policy drop;",
            "ct state established,related accept", #"oifname "lo" accept"#,
        ]
        let allowed = Wall.restrictions.isRemoved ? nil : allowed
        if allowed == nil {
            for server in nameServers {
                for kind in ["udp", "tcp"] { lines.append("ip daddr \(server) \(kind) dport 53 accept") }
            }
        }
        for address in named { lines.append("ip daddr \(address.address) tcp dport \(address.port) accept") }
        let refused = Wall.addresses.isRemoved ? [] : Self.refused + own.sorted()
        for address in refused { lines.append("ip daddr \(address) reject with icmp type admin-prohibited") }
        if let allowed {
            for range in allowed { lines.append("ip daddr \(range) accept") }
        } else {
            lines.append("meta nfproto ipv4 accept")
        }
        lines += [
            "reject with icmpx type admin-prohibited", "}",
            // The way out is none in.
            "chain in {", "type filter hook input priority 0; policy drop;",
            "ct state established,related accept", #"iifname "lo" accept"#, "}", "}",
        ]
        return lines.joined(separator: "\n") + "\n"
    }
}
