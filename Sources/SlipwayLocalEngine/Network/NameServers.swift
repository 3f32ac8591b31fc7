// Name servers that a replica with a way out can ask.

import Foundation
import SlipwayTruss

enum NameServers {
    /// A local resolver listens on the machine's loopback, which is not the replica's; systemd's names those it asks.
    private static let files = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"]

    /// IPv4 addresses outside of this machine, from the first file that has any.
    static func outside(of own: Set<String>, files: [String] = files) -> [String] {
        for file in files {
            let text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
            let servers = text.split(separator: "\n").compactMap { line -> String? in
                let words = line.split(whereSeparator: \.isWhitespace)
                guard words.count > 1, words[0] == "nameserver" else { return nil }
                let address = String(words[1])
                return AddressRange(address) != nil && !address.hasPrefix("127.") && !own.contains(address)
                    ? address : nil
            }
            if !servers.isEmpty { return servers }
        }
        return []
    }

    /// What the replica's /etc/resolv.conf says.
    static func configuration(_ servers: [String]) -> String {
        servers.map { "nameserver \($0)\n" }.joined()
    }
}
