// One of several things by id or name. Nothing that was not named is ever chosen.

import SlipwayAPI

/// Something that has an id and a name.
struct Named: Equatable, Sendable {
    var id: String
    var name: String
    /// What tells it from others of the same name, such as its team.
    var detail: String = ""
    var document: JSONValue = .null
}

extension Named {
    /// From an entry of a listing. A member that is null names nothing, not even `-`, which tables show for it.
    init(_ entry: JSONValue, id: String, name: String, detail: String? = nil) {
        self.init(
            id: entry[id].string ?? "", name: entry[name].string ?? "",
            detail: detail.map { entry[$0].text } ?? "", document: entry)
    }
}

enum Choice {
    /// The one with that id, else the only one with that name.
    /// - Parameter kind: for the error, such as `model`.
    static func pick(_ wanted: String, kind: String, among all: [Named]) throws -> Named {
        let all = all.filter { !$0.id.isEmpty }
        // An id comes first: someone may name their model like another's id.
        if let byID = all.first(where: { $0.id == wanted }) { return byID }
        let fitting = all.filter { $0.name == wanted && !wanted.isEmpty }
        if let only = fitting.first, fitting.count == 1 { return only }
        if fitting.isEmpty {
            throw CommandFailure(
                "There is no \(kind) \(wanted.printable()).\(NearNames.hint(for: wanted, among: all.map(\.name).filter { !$0.isEmpty }))",
                code: .notFound)
        }
        let list = fitting.map { "\($0.id)\($0.detail.isEmpty ? "" : " (\($0.detail.printable()))")" }
        throw CommandFailure(
            "\(fitting.count) \(kind)s are called \(wanted.printable()): \(list.joined(separator: ", ")).",
            hint: "Give the id of the one you mean.", code: .notFound)
    }
}
