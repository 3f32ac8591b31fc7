// Name servers that a replica with a way out can ask.

import Foundation
import SlipwayTruss

enum NameServers {
    /// A local resolver listens on the machine's loopback, which is not the replica's; systemd's names those it asks.
    private static let files = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"]

    /// IPv4 addresses outside of this machine, from the first file that has any.
    static func outside(of own: Set<String>, files: [String] = files) -> [String] {
        for file in files {
            let servers = all(in: file).filter { !isHere($0, own) }
            if !servers.isEmpty { return servers }
        }
        return []
    }

    /// The IPv4 addresses of this machine among those it asks itself.
    static func onMachine(_ own: Set<String>, file: String = files[0]) -> [String] {
        all(in: file).filter { isHere($0, own) }
    }

    private static func isHere(_ address: String, _ own: Set<String>) -> Bool {
        address.hasPrefix("127.") || own.contains(address)
    }

    private static func all(in file: String) -> [String] {
        let text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { line in
            let words = line.split(whereSeparator: \.isWhitespace)
            guard words.count > 1, words[0] == "nameserver", AddressRange(String(words[1])) != nil else {
                return nil
            }
            return String(words[1])
        }
    }

    /// What the replica's /etc/resolv.conf says.
    /// - Parameter byTCP: for servers that are reached by a relay, which carries no datagrams.
    static func configuration(_ servers: [String], byTCP: Bool = false) -> String {
        servers.map { "nameserver \($0)\n" }.joined() + (byTCP ? "options use-vc\n" : "")
    }
}
