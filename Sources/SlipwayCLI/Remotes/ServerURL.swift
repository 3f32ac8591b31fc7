// The URL of a server as users give it.

import Foundation

enum ServerURL {
    /// Why a text cannot be the URL of a server; nil where it can. Says nothing that may be a password.
    static func problem(_ text: String) -> String? {
        let shown = text.contains("@") ? "What was given" : text.printable()
        guard !text.contains(where: \.isWhitespace), let parts = URLComponents(string: text),
            let scheme = parts.scheme, let host = parts.host, !host.isEmpty
        else { return "\(shown) is not a URL." }
        guard ["http", "https"].contains(scheme.lowercased()) else {
            return "\(shown) cannot be called: its scheme is not http or https."
        }
        if parts.user != nil || parts.password != nil {
            return "The URL has a user name or a password in it: a server asks for an API key only."
        }
        if parts.query != nil || parts.fragment != nil {
            return "The URL has a query or a fragment in it: give it without what follows ? or #."
        }
        if let port = parts.port, !(1...65535).contains(port) { return "\(shown) has no such port." }
        return nil
    }

    /// The URL without user name and password, which an edited file of remotes may have.
    static func shown(_ url: String) -> String {
        guard let scheme = url.range(of: "://") else { return url }
        let end = url[scheme.upperBound...].firstIndex { "/?#".contains($0) } ?? url.endIndex
        guard let at = url[scheme.upperBound..<end].lastIndex(of: "@") else { return url }
        return String(url[..<scheme.upperBound] + url[url.index(after: at)...])
    }
}
