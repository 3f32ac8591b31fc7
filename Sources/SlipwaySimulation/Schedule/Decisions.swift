// The decisions of a world: drawn, recorded or replayed. A seed stands for a world only as long as the control plane asks
// for the same draws in the same order; a record of decisions by label outlives changes of it.

/// Takes each decision from the dice or from a record.
final class Decisions {
    enum Mode {
        /// Draws, and remembers nothing.
        case draw
        /// Draws, and remembers what differs from the default.
        case record
        /// Takes what the record says and the default elsewhere.
        case replay
    }

    let mode: Mode
    /// What was taken that differs from the default.
    private(set) var taken: [String: WorldRecord.Value] = [:]
    private let given: [String: WorldRecord.Value]
    /// Events of the record that have not happened, by label, the last first.
    private var pending: [String: [(at: Int64, value: Int64)]] = [:]
    /// How often each label has come.
    private var counts: [String: Int] = [:]

    init() {
        mode = .draw
        given = [:]
    }

    /// - Parameter record: what is replayed; nil records.
    init(replaying record: WorldRecord?) {
        mode = record == nil ? .record : .replay
        given = record?.decisions ?? [:]
        for (key, value) in given {
            guard case .number(let number) = value, let mark = key.lastIndex(of: "@"),
                let at = Int64(key[key.index(after: mark)...])
            else { continue }
            pending[String(key[..<mark]), default: []].append((at, number))
        }
        for label in pending.keys { pending[label]?.sort { $0.at > $1.at } }
    }

    func take(_ label: () -> String, default standard: Int64, _ draw: () -> Int64) -> Int64 {
        if mode == .draw { return draw() }
        let key = next(label())
        if mode == .record {
            let value = draw()
            if value != standard { taken[key] = .number(value) }
            return value
        }
        guard case .number(let value) = given[key] else { return standard }
        taken[key] = .number(value)
        return value
    }

    func takeName(_ label: () -> String, _ draw: () -> String?) -> String? {
        if mode == .draw { return draw() }
        let key = next(label())
        if mode == .record {
            let name = draw()
            if let name { taken[key] = .name(name) }
            return name
        }
        guard case .name(let name) = given[key] else { return nil }
        taken[key] = .name(name)
        return name
    }

    func takeEvent(_ label: () -> String, at elapsed: Int64, _ draw: () -> Int64?) -> Int64? {
        if mode == .draw { return draw() }
        let label = label()
        if mode == .record {
            let value = draw()
            if let value { taken["\(label)@\(elapsed)"] = .number(value) }
            return value
        }
        guard let due = pending[label]?.last, due.at <= elapsed else { return nil }
        pending[label]?.removeLast()
        taken["\(label)@\(due.at)"] = .number(due.value)
        return due.value
    }

    private func next(_ label: String) -> String {
        let count = counts[label, default: 0] + 1
        counts[label] = count
        return "\(label)#\(count)"
    }
}
