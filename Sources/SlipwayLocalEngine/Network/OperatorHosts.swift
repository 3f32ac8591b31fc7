// What the operator names for builds in the server's environment and in the installers' settings: package indexes and
// proxies. A build reaches these on this machine too, where it reaches nothing else.

import Foundation
import SlipwaySockets
import SlipwayTruss

/// A TCP port of a numeric address.
struct NamedAddress: Sendable, Hashable {
    var address: String
    var port: Int
}

struct OperatorHosts: Sendable, Equatable {
    struct Host: Sendable, Hashable {
        /// A name or a numeric address, without brackets.
        var name: String
        var port: Int
    }

    private(set) var hosts: Set<Host> = []

    private static let indexes = [
        "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL",
        "UV_INDEX",
    ]
    private static let proxies = ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"]
    private static let ports = ["http": 80, "https": 443]
    /// Settings files are short; one that is not is the operator's mistake.
    private static let maxFile = 1 << 20

    /// - Parameters:
    ///   - environment: of the server.
    ///   - files: of installers' settings, as builds see them.
    init(environment: [String: String], files: [String]) {
        for name in Self.indexes { add(urlsIn: environment[name] ?? "") }
        for name in Self.proxies {
            guard let value = environment[name], !value.isEmpty else { continue }
            add(urlsIn: value.contains("://") ? value : "http://" + value)
        }
        for path in files {
            guard let file = FileHandle(forReadingAtPath: path) else { continue }
            defer { try? file.close() }
            let data = (try? file.read(upToCount: Self.maxFile)) ?? Data()
            add(urlsIn: String(decoding: data, as: UTF8.self))
        }
    }

    /// Of this process. Reads files.
    static func current() -> OperatorHosts {
        let own = ProcessInfo.processInfo.environment
        let named = ["UV_CONFIG_FILE", "PIP_CONFIG_FILE"].compactMap { own[$0] }
        return OperatorHosts(environment: own, files: ["/etc/uv/uv.toml", "/etc/pip.conf"] + named)
    }

    private mutating func add(urlsIn text: String) {
        var rest = text[...]
        while let mark = rest.range(of: "://") {
            let scheme = rest[..<mark.lowerBound].reversed().prefix { $0.isASCII && $0.isLetter }.reversed()
            rest = rest[mark.upperBound...]
            guard let standard = Self.ports[String(scheme).lowercased()] else { continue }
            let ends: Set<Character> = ["/", "?", "#", "\"", "'", ","]
            let authority = rest.prefix { !$0.isWhitespace && !ends.contains($0) }
            if let host = Self.host(authority, standard: standard) { hosts.insert(host) }
        }
    }

    private static func host(_ authority: Substring, standard: Int) -> Host? {
        let place = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        var name = place, port = Substring("")
        if place.first == "[" {
            guard let end = place.firstIndex(of: "]") else { return nil }
            name = place[place.index(after: place.startIndex)..<end]
            port = place[place.index(after: end)...].dropFirst()
        } else if let colon = place.firstIndex(of: ":") {
            name = place[..<colon]
            port = place[place.index(after: colon)...]
        }
        guard !name.isEmpty, let number = port.isEmpty ? standard : Int(port), 1...65535 ~= number else {
            return nil
        }
        return Host(name: String(name), port: number)
    }
}

/// Where these hosts are.
struct OperatorServices: Sendable, Equatable {
    /// On this machine, with something that listens now.
    var local: [NamedAddress] = []
    /// Elsewhere, with a numeric IPv4 address.
    var remote: [NamedAddress] = []

    /// Waits for name servers.
    /// - Parameter own: addresses of this machine besides loopback.
    init(_ named: OperatorHosts, own: Set<String>) {
        for host in named.hosts.sorted(by: { ($0.name, $0.port) < ($1.name, $1.port) }) {
            for address in Self.addresses(of: host.name) {
                let place = NamedAddress(address: address, port: host.port)
                if address == "::1" || address.hasPrefix("127.") || own.contains(address) {
                    // Of `localhost` one address may have no listener: there a build is refused as it is here.
                    if !local.contains(place), Self.answers(place) { local.append(place) }
                } else if address == host.name, AddressRange(address) != nil {
                    remote.append(place)
                }
            }
        }
    }

    private static func addresses(of name: String) -> [String] {
        if Endpoint.isAddress(name) { return [name] }
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(name, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var found: [String] = []
        var next = list
        while let entry = next {
            next = entry.pointee.ai_next
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let length = entry.pointee.ai_addrlen
            let code = getnameinfo(
                entry.pointee.ai_addr, length, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
            if code == 0 {
                found.append(
                    String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
            }
        }
        return found
    }

    /// Whether something listens there now.
    static func answers(_ place: NamedAddress) -> Bool {
        let endpoint = Endpoint.internet(address: place.address, port: place.port)
        let family = place.address.contains(":") ? AF_INET6 : AF_INET
        let file = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard file >= 0 else { return false }
        defer { close(file) }
        // Of loopback the answer comes at once.
        var timeout = timeval(tv_sec: 1, tv_usec: 0)
        setsockopt(file, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        let code = try? endpoint.withSocketAddress { connect(file, $0, $1) }
        return code == 0
    }
}
