// Programs of the machine that give replicas a way out of their networks (`scripts/setup.sh` installs them).

import Foundation

enum NetworkTools {
    static let nft = "/usr/sbin/nft"
    static let ip = ["/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip"].first(where: isProgram) ?? "/usr/sbin/ip"
    static let slirp = "/usr/bin/slirp4netns"
    private static let tunnel = "/dev/net/tun"

    private static func isProgram(_ path: String) -> Bool { access(path, X_OK) == 0 }

    /// Why replicas cannot be given a way out here; nil when they can.
    static func problem(isRoot: Bool) -> String? {
        let programs = isRoot ? [nft, ip] : [nft, slirp]
        if let missing = programs.first(where: { !isProgram($0) }) {
            let package = [nft: "nftables", slirp: "slirp4netns"][missing] ?? "iproute2"
            return "\(missing) is missing (package \(package))"
        }
        if !isRoot, access(tunnel, R_OK | W_OK) != 0 {
            return "\(tunnel): \(String(cString: strerror(errno)))"
        }
        return nil
    }
}
