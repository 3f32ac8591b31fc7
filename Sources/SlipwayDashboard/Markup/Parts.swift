// Parts that many pages have.

import SlipwayCore

extension Markup {
    /// A heading with what can be done beside it.
    func heading(_ title: String, content: () -> Void = {}) {
        el(.div, .class("heading")) {
            el(.h1, title)
            content()
        }
    }

    /// A part of a page that is kept up to date.
    func live(_ id: String, content: () -> Void) {
        el(.div, .id(id), .data("live", "1"), content: content)
    }

    func section(_ title: String, id: String, content: () -> Void) {
        el(.section, .aria("labelledby", id)) {
            el(.h2, title, .id(id))
            content()
        }
    }

    /// A table that scrolls on narrow screens.
    func table(_ caption: String, _ columns: [String], rows: () -> Void) {
        el(.div, .class("scroll"), .role("region"), .aria("label", "\(caption) (table)"), .tabindex(0)) {
            el(.table) {
                el(.caption, caption, .class("hidden-text"))
                el(.thead) {
                    el(.tr) {
                        for column in columns {
                            if column.isEmpty {
                                el(.td) { el(.span, "Actions", .class("hidden-text")) }
                            } else {
                                el(.th, column, .scope("col"))
                            }
                        }
                    }
                }
                el(.tbody, content: rows)
            }
        }
    }

    /// Nothing is there yet: what to do next.
    func empty(_ text: String, command: String? = nil) {
        el(.div, .class("empty")) {
            el(.p, text)
            if let command { el(.pre) { el(.code, command) } }
        }
    }

    /// A status in words, with a colour and a sign of its own.
    func badge(_ text: String, _ tone: Tone) { el(.span, text, .class("badge \(tone.rawValue)")) }

    func status(_ deployment: Deployment) {
        badge(deployment.status.label, deployment.status.tone)
        if let reason = deployment.statusReason { el(.span, reason, .class("reason")) }
    }

    func facts(_ facts: [(name: String, value: Fact)]) {
        el(.dl, .class("facts")) {
            for fact in facts {
                el(.div) {
                    el(.dt, fact.name)
                    el(.dd) {
                        switch fact.value {
                        case .text(let text): self.text(text)
                        case .moment(let moment): time(moment)
                        }
                    }
                }
            }
        }
    }

    /// Earlier and later pages of a list.
    func pager(_ path: Path, page: Int, size: Int, total: Int) {
        guard total > size || page > 1 else { return }
        el(.nav, .class("pager"), .aria("label", "Pages")) {
            if page > 1 { el(.a, "Previous", .href(path.query("page", page == 2 ? nil : "\(page - 1)"))) }
            el(.span, "Page \(page) of \(max(1, (total + size - 1) / size)), \(total) in all")
            if page * size < total { el(.a, "Next", .href(path.query("page", "\(page + 1)"))) }
        }
    }
}

/// What is told of a thing beside its name.
enum Fact: Sendable { case text(String), moment(Timestamp) }

/// What a status means for a person.
enum Tone: String { case ok, busy, idle, bad }

extension DeploymentStatus {
    var label: String { rawValue.inWords }

    var tone: Tone {
        switch self {
        case .active: .ok
        case .building, .deploying, .loadingModel, .updating, .wakingUp, .deactivating: .busy
        case .inactive, .scaledToZero: .idle
        case .unhealthy, .failed, .buildFailed, .buildStopped, .deployFailed: .bad
        }
    }
}

extension PromotionStatus {
    var label: String { rawValue.inWords }

    var tone: Tone {
        switch self {
        case .succeeded: .ok
        case .failed: .bad
        case .canceled, .paused: .idle
        case .releasing, .rampingUp, .rampingDown: .busy
        }
    }
}

extension String {
    /// `DEPLOY_FAILED` as people write it.
    var inWords: String {
        let words = lowercased().replacing("_", with: " ")
        return (words.prefix(1).uppercased() + words.dropFirst()).replacing("Api key", with: "API key")
    }
}
