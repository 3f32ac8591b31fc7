// A promotion that was not made, for people.

import SlipwayAPI

enum PlanText {
    private static let maxFiles = 20

    static func lines(
        _ plan: JSONValue, model: Named, source: Named, on terminal: Terminal = .current
    ) -> [String] {
        let title = "Promote \(model.name) \(source.name) (\(source.id)) to \(plan["environment"].text)"
        var lines = [Colour.bold.paint(title.printable(), on: terminal)]
        let steps = plan["steps"].elements.map { $0.text.printable() }
        if plan["action"].string == "NOTHING" {
            lines.append("  Nothing would happen: \(plan["reason"].text.printable())")
        }
        lines += steps.enumerated().map { "  \($0.offset + 1). \($0.element)" }
        lines += config(plan["config_changes"].elements, terminal)
        lines += files(plan["files"], terminal)
        if plan["previous_deployment_id"] == .null { lines.append("Nothing serves there now.") }
        return lines
    }

    private static func config(_ changes: [JSONValue], _ terminal: Terminal) -> [String] {
        guard !changes.isEmpty else { return [] }
        return ["Config:"]
            + changes.flatMap { change -> [String] in
                let key = change["path"].text.printable()
                return [("-", change["before"], Colour.red), ("+", change["after"], Colour.green)]
                    .filter { $0.1 != .null }
                    .map { sign, value, colour in
                        colour.paint("  \(sign) \(key): \(value.text.printable())", on: terminal)
                    }
            }
    }

    private static func files(_ files: JSONValue, _ terminal: Terminal) -> [String] {
        let kinds: [(String, String, Colour)] = [
            ("+", "added", .green), ("-", "removed", .red), ("~", "changed", .yellow),
        ]
        let all = kinds.flatMap { sign, member, colour in
            files[member].elements.map { colour.paint("  \(sign) \($0.text.printable())", on: terminal) }
        }
        guard !all.isEmpty else { return [] }
        let more = all.count > maxFiles ? ["  … and \(all.count - maxFiles) more"] : []
        return ["Files:"] + all.prefix(maxFiles) + more
    }
}
