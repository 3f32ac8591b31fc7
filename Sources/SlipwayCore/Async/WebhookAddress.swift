// Where results may be delivered and gates asked: what is refused when the URL is given, and what at each call.

/// Over https, or to this machine over http; never to where clouds keep the credentials of their machines.
public enum WebhookAddress {
    /// - Throws: `SettingProblem`.
    static func check(_ text: String, named name: String = "webhook_endpoint") throws(SettingProblem) {
        guard text.utf8.count <= 2048, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
            let (scheme, host) = parts(of: text)
        else { throw SettingProblem("\(name) must be an absolute URL.") }
        guard scheme == "https" || scheme == "http" && isLoopback(host) else {
            throw SettingProblem("\(name) must be an https URL; http is for localhost only.")
        }
        if let address = NetworkAddress(host) {
            guard !address.isNobodys else {
                throw SettingProblem("\(name) must not name a link-local or reserved address.")
            }
        } else if !isName(host) {
            throw SettingProblem("\(name) must name its host by a name or by an address in its usual form.")
        }
    }

    /// Why no call is made; nil when it may be. To be asked at every call, with the address that the connection will
    /// be made to: a name may lead somewhere else by now.
    ///
    /// - Parameter allowsLoopback: whether this server delivers to programs on its own machine.
    public static func refusal(of address: NetworkAddress, host: String, allowsLoopback: Bool) -> String? {
        if address.isNobodys { return "\(host) is a link-local or reserved address" }
        // A name of somebody else's must not lead to what listens on this machine, nor plain http away from it.
        guard address.isLoopback == isLoopback(host) else {
            return address.isLoopback
                ? "\(host) leads to this machine; only localhost may" : "\(host) leads away from this machine"
        }
        return address.isLoopback && !allowsLoopback ? "this server delivers nothing to its own machine" : nil
    }

    public static func isLoopback(_ host: String) -> Bool {
        host == "localhost" || host.hasSuffix(".localhost") || NetworkAddress(host)?.isLoopback == true
    }

    /// Labels of letters, digits, `-` and `_`; the last one is no number, so that nobody reads an address in it.
    private static func isName(_ host: String) -> Bool {
        var labels = host.utf8.split(separator: 46, omittingEmptySubsequences: false)
        if labels.count > 1, labels.last?.isEmpty == true { labels.removeLast() }
        let isPlain = labels.allSatisfy { label in
            !label.isEmpty
                && label.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                        UInt8(ascii: "-"), UInt8(ascii: "_"):
                        true
                    default: false
                    }
                }
        }
        guard isPlain, let last = labels.last else { return false }
        return !last.allSatisfy { (48...57).contains($0) } && !last.starts(with: "0x".utf8)
    }

    /// Scheme and host in lower case, without port and brackets; nil with a user, and for what is no URL.
    public static func parts(of url: String) -> (scheme: String, host: String)? {
        guard let mark = url.firstRange(of: "://") else { return nil }
        let rest = url[mark.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard !rest.contains("@") else { return nil }
        let host: Substring
        var port: Substring
        if rest.first == "[" {
            guard let end = rest.firstIndex(of: "]") else { return nil }
            host = rest[rest.index(after: rest.startIndex)..<end]
            guard host.contains(":") else { return nil }
            port = rest[rest.index(after: end)...]
        } else {
            host = rest.prefix { $0 != ":" }
            port = rest[host.endIndex...]
        }
        if port.first == ":" {
            port.removeFirst()
            guard port.utf8.allSatisfy({ (48...57).contains($0) }), UInt16(port) != nil else { return nil }
        }
        guard port.isEmpty || port.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return host.isEmpty ? nil : (url[..<mark.lowerBound].lowercased(), host.lowercased())
    }
}
