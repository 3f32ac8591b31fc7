// Root's way out for replicas: a pair of interfaces for each, between its namespace and this machine, which passes its
// packets on under its own address. The kernel removes a pair with the namespace.

import Foundation
import SlipwayCore
import SlipwaySockets

actor MachineNetwork {
    /// Others on this machine may have some pairs.
    private static let maxChoices = 32
    private static let forwarding = "/proc/sys/net/ipv4/ip_forward"
    /// Where the machine did not forward packets before, it goes on not doing so for others.
    private static let othersStay =
        #"iifname != "\#(ReplicaAddresses.prefix)*" oifname != "\#(ReplicaAddresses.prefix)*" drop"#

    private var isPrepared = false
    private var next = Int.random(in: 0..<ReplicaAddresses.count)

    /// Gives a namespace an interface that leads out. What it may reach is not limited here, but for this machine and
    /// other replicas, which it does not reach.
    /// - Parameter place: names the namespace to `ip`: a pid, or the path of a file of it.
    /// - Throws: `SpawnError`.
    func connect(_ place: String, _ network: NetworkNamespace) async throws {
        try await prepare()
        let pair = try await makePair(place)
        try await NetworkCommand.ip([
            "link set eth0 addrgenmode none", "address add \(pair.replica)/31 dev eth0", "link set eth0 up",
            "route add default via \(pair.machine)",
        ]).run(in: network)
    }

    private func makePair(_ place: String) async throws -> ReplicaAddresses.Pair {
        for choice in 1...Self.maxChoices {
            let pair = ReplicaAddresses.Pair(index: next)
            next = (next + 1) % ReplicaAddresses.count
            let lines = [
                "link add \(pair.interface) type veth peer name eth0 netns \(place)",
                "link set \(pair.interface) addrgenmode none",
                "address add \(pair.machine)/31 dev \(pair.interface)", "link set \(pair.interface) up",
            ]
            do {
                try await NetworkCommand.ip(lines).run()
                return pair
            } catch let error as SpawnError
                where choice < Self.maxChoices && error.description.contains("File exists")
            {
                continue
            }
        }
        throw SpawnError(description: "No pair of interfaces is free.")
    }

    /// The rules of this machine; they stay when the server ends, for replicas that go on.
    private func prepare() async throws {
        guard !isPrepared else { return }
        let forwards = (try? String(contentsOfFile: Self.forwarding, encoding: .utf8)) == "1\n"
        try await NetworkCommand.nft(Self.rules(keepsOthersOut: !forwards)).run()
        if !forwards {
            let file = open(Self.forwarding, O_WRONLY | O_CLOEXEC)
            guard file >= 0 else { throw SpawnError(Self.forwarding, code: errno) }
            defer { close(file) }
            guard write(file, "1\n", 2) == 2 else { throw SpawnError(Self.forwarding, code: errno) }
        }
        isPrepared = true
    }

    /// - Parameter keepsOthersOut: whether packets that are nothing to replicas are not forwarded. The rule has a table
    ///   of its own, which a later start, when the machine forwards already, leaves as it is.
    static func rules(keepsOthersOut: Bool) -> String {
        let mine = #""\#(ReplicaAddresses.prefix)*""#
        var lines = [
            "table inet slipway {}", "delete table inet slipway", "table inet slipway {",
            // Before other rules of the machine, which may accept what comes from anywhere.
            "chain input {", "type filter hook input priority -10; policy accept;",
            "iifname \(mine) ct state established,related accept",
            Wall.addresses.isRemoved ? "" : "iifname \(mine) reject with icmpx type admin-prohibited",
            "}",
            "chain forward {", "type filter hook forward priority -10; policy accept;",
            "iifname \(mine) oifname \(mine) reject with icmpx type admin-prohibited",
            "oifname \(mine) ct state established,related accept", "oifname \(mine) drop", "}",
            "chain leave {", "type nat hook postrouting priority 100; policy accept;",
            "ip saddr \(ReplicaAddresses.range) oifname != \(mine) masquerade", "}", "}",
        ]
        if keepsOthersOut {
            lines += [
                "table inet slipway_forward {}", "delete table inet slipway_forward",
                "table inet slipway_forward {", "chain forward {",
                "type filter hook forward priority -10; policy accept;", Self.othersStay, "}", "}",
            ]
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
