// The URL clients reach this installation under, and the hosts below it. Used for every URL in an answer.

import Foundation

/// Scheme, host and port of the one public listener.
public struct PublicAddress: Sendable, Equatable {
    /// `http` or `https`.
    public let scheme: String
    public let host: String
    /// nil when the scheme's own port is meant.
    public let port: Int?

    /// Parses `http[s]://host[:port]`, with nothing but an optional slash behind it; nil for anything else.
    public init?(url: String) {
        guard let parts = URLComponents(string: url), let scheme = parts.scheme?.lowercased(),
            ["http", "https"].contains(scheme), let host = parts.host, !host.isEmpty,
            ["", "/"].contains(parts.path), parts.query == nil, parts.fragment == nil, parts.user == nil
        else { return nil }
        self.scheme = scheme
        self.host = host.lowercased()
        port = parts.port
    }

    /// The public URL itself, without a slash at its end.
    public var url: String { url(host: host) }
    /// Where the management API is served.
    public var apiURL: String { url(host: "api.\(host)") }
    /// Where archives are uploaded and downloaded, path style.
    public var uploadURL: String { url(host: "s3.\(host)") }

    /// The inference host of a model.
    public func modelURL(_ modelID: String) -> String { url(host: "model-\(modelID).api.\(host)") }

    private func url(host: String) -> String { "\(scheme)://\(host)" + (port.map { ":\($0)" } ?? "") }
}
