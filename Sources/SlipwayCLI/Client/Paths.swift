// Paths of the API from parts that a user typed.

import Foundation

/// A path whose parts are one segment each, whatever is in them.
func path(_ parts: String...) -> String {
    parts.map { "/" + encoded($0) }.joined()
}

/// `?name=value&…` of the values that are there, or nothing.
func query(_ items: KeyValuePairs<String, String?>) -> String {
    let given = items.compactMap { name, value in value.map { "\(name)=\(encoded($0))" } }
    return given.isEmpty ? "" : "?" + given.joined(separator: "&")
}

private func encoded(_ text: String) -> String {
    let unreserved = CharacterSet(
        charactersIn: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")
    // On their own these would lead up the path.
    if text == "." || text == ".." { return text.replacingOccurrences(of: ".", with: "%2E") }
    return text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
}
