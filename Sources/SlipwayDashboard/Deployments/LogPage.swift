// The log of a deployment: builds, its replicas, the platform; searched, filtered, followed.

import SlipwayControl
import SlipwayCore
import SlipwayLogs

enum LogPage {
    private static let limit = 500
    private static let fields: Set<String> = ["q", "regex", "level", "replica", "range"]

    static func add(to routes: Routes) {
        let operation = "GET \(DeploymentPage.api)/logs"
        routes.page("\(DeploymentPage.path)/logs", is: operation, takes: fields, make)
        routes.page("\(DeploymentPage.path)/logs/more", is: operation, takes: fields.union(["after"]), more)
    }

    /// What to look for.
    struct Shown: Sendable {
        var text: String?
        var isPattern: Bool
        var level: LogLevel?
        var replica: String?
        var hours: Int

        static let ranges = [1, 6, 24, 168]

        init(_ query: FormFields) throws {
            text = query["q"].flatMap { $0.isEmpty ? nil : $0 }
            isPattern = query["regex"] != nil
            if let name = query.text("level") {
                guard let known = LogLevel(rawValue: name) else {
                    throw ControlError.validation("level: there is no level \(name.prefix(40)).")
                }
                level = known
            }
            replica = query.text("replica")
            hours = try query.number("range") ?? 24
            guard Self.ranges.contains(hours) else {
                throw ControlError.validation("range must be 1, 6, 24 or 168 hours.")
            }
        }

        func query(until now: Timestamp, after: LogPosition? = nil) -> LogQuery {
            let end = now.microseconds * 1000 + 1_000_000_000
            return LogQuery(
                start: after == nil ? end - Int64(hours) * 3_600_000_000_000 : 0, end: end,
                direction: after == nil ? .desc : .asc, limit: limit, minLevel: level,
                replica: replica.map { ReplicaID($0) }, searchPattern: isPattern ? text : nil,
                includes: isPattern ? [] : [text].compactMap(\.self), after: after)
        }

        func next(of deployment: Deployment, after position: LogPosition) -> Path {
            Path("models", deployment.modelID.text, "deployments", deployment.id.text, "logs", "more")
                .query("after", position.text).query("q", text).query("regex", isPattern ? "true" : nil)
                .query("level", level?.rawValue).query("replica", replica).query("range", "\(hours)")
        }
    }

    private static func make(_ visit: Visit) async throws -> Page {
        let (control, id, model) = (visit.control, try visit.deploymentID, try visit.modelID)
        let deployment = try await control.deployment(.id(id), of: model).deployment
        let name = try await control.model(model).model.name
        let running = try await control.replicas(of: id, model: model).map(\.id.text)
        let filter = try Shown(visit.query)
        let now = control.now
        var lines: [LogEntry] = []
        var problem: String?
        do {
            lines = try await control.logs(of: id, model: model, filter.query(until: now)).entries.reversed()
        } catch let error as ControlError {
            problem = error.message
        }
        let last =
            lines.last.map { LogPosition($0.nanoseconds, id) } ?? LogPosition(now.microseconds * 1000, id)
        let replicas = Set(
            running + lines.compactMap { $0.replica?.text } + [filter.replica].compactMap(\.self)
        )
        .sorted()
        let (shownLines, shownProblem) = (lines, problem)
        return Page(
            title: "Logs of \(deployment.name)", area: .models,
            crumbs: [
                .init(name: "Models", path: Path()), .init(name: name, path: Path("models", model.text)),
            ], topics: [.log(id)]
        ) { markup in
            markup.heading(deployment.name) { markup.el(.code, id.text, .class("faint")) }
            markup.tabs(of: deployment, current: .logs)
            markup.filters(filter, deployment, replicas: replicas, problem: shownProblem)
            if shownLines.isEmpty, shownProblem == nil {
                markup.el(
                    .p, "No line matches. Shorter filters or a longer range show more.", .id("log-empty"),
                    .class("empty"))
            }
            if shownLines.count == limit {
                markup.el(.p, "The newest \(limit) lines; a search finds older ones.", .class("faint"))
            }
            markup.lines(shownLines, next: filter.next(of: deployment, after: last))
        }
    }

    /// Only the lines behind a place, for the script that follows.
    private static func more(_ visit: Visit) async throws -> Page {
        let (control, id, model) = (visit.control, try visit.deploymentID, try visit.modelID)
        let deployment = try await control.deployment(.id(id), of: model).deployment
        guard let after = visit.query.text("after").flatMap(LogPosition.init) else {
            throw ControlError.validation("after: it is no place in this log.")
        }
        let filter = try Shown(visit.query)
        let page = try await control.logs(
            of: id, model: model, filter.query(until: control.now, after: after))
        let next = filter.next(of: deployment, after: page.end ?? after)
        return Page(title: "Logs of \(deployment.name)", area: .models) { $0.lines(page.entries, next: next) }
    }
}

extension Markup {
    private static let levels: [(value: String, label: String)] = [
        ("", "all"), ("DEBUG", "Debug"), ("INFO", "Info"), ("WARNING", "Warning"), ("ERROR", "Error"),
    ]

    private static func label(ofHours hours: Int) -> String {
        hours == 168 ? "7 days" : hours == 1 ? "1 hour" : "\(hours) hours"
    }

    fileprivate func filters(
        _ filter: LogPage.Shown, _ deployment: Deployment, replicas: [String], problem: String?
    ) {
        el(.form, .method("get"), .action(deployment.path(to: .logs)), .class("row"), .role("search")) {
            el(.div, .class("field")) {
                el(.label, "Contains", .for("q"))
                var all: [Attribute] = [.type("search"), .id("q"), .name("q"), .value(filter.text ?? "")]
                if problem != nil { all += [.aria("invalid", "true"), .aria("describedby", "q-help")] }
                void(.input, with: all)
            }
            checkbox(id: "regex", "regex", "Regular expression", isSet: filter.isPattern)
            choice(id: "level", "level", "From level", Self.levels, chosen: filter.level?.rawValue ?? "")
            choice(
                id: "replica", "replica", "Replica", [("", "all")] + replicas.map { ($0, $0) },
                chosen: filter.replica ?? "")
            choice(
                id: "range", "range", "Last", LogPage.Shown.ranges.map { ("\($0)", Self.label(ofHours: $0)) },
                chosen: "\(filter.hours)")
            el(.button, "Show", .type("submit"))
        }
        if let problem { el(.p, problem, .class("notice bad"), .role("alert"), .id("q-help")) }
    }

    fileprivate func lines(_ lines: [LogEntry], next: Path) {
        el(
            .ol, .id("log-lines"), .class("log"), .tabindex(0), .aria("label", "Log lines, oldest first"),
            .data("next", next.text)
        ) {
            for line in lines {
                el(.li, .class("line \(line.level?.rawValue.lowercased() ?? "")")) {
                    let moment = Timestamp(microseconds: line.nanoseconds / 1000)
                    el(.time, moment.readable, .datetime(moment.iso8601), .data("form", "clock"))
                    el(.span, line.level?.rawValue ?? "", .class("level"))
                    el(.span, line.replica?.text ?? "", .class("replica"))
                    el(.span, line.message, .class("message"))
                }
            }
        }
    }
}
