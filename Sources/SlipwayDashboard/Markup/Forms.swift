// Forms and their fields: labels, hints, and what was wrong with a value beside the value.

/// A form of a page: where it goes, and what came back if it was refused.
struct FormView: Sendable {
    let id: String
    let action: Path
    let token: String
    /// Set when this very form was refused.
    let refused: RefusedForm?

    /// - Parameter id: unlike that of every other form of the page.
    init(_ id: String, _ action: Path, _ visit: Visit) {
        self.id = id
        self.action = action
        token = visit.session.formToken
        refused = visit.refused.flatMap { $0.path == action.text ? $0 : nil }
    }

    /// What was typed before, else `value`.
    func value(_ name: String, _ value: String) -> String { refused?.fields[name] ?? value }

    func isChecked(_ name: String, _ isSet: Bool) -> Bool {
        guard let refused else { return isSet }
        return refused.fields[name] != nil
    }
}

extension Markup {
    /// A problem with it stands at the top of the page and, where it is about one, at its field.
    func form(_ form: FormView, class name: String = "stack", content: () -> Void) {
        el(.form, .method("post"), .action(form.action), .class(name)) {
            void(.input, .type("hidden"), .name(FormGuard.field), .value(form.token))
            content()
        }
    }

    /// A form of one button.
    func postForm(_ action: Path, _ visit: Visit, content: () -> Void) {
        el(.form, .method("post"), .action(action), .class("inline")) {
            void(.input, .type("hidden"), .name(FormGuard.field), .value(visit.session.formToken))
            content()
        }
    }

    /// A field of one line with its label.
    func field(
        _ form: FormView, _ name: String, _ label: String, value: String = "", hint: String? = nil,
        _ attributes: Attribute...
    ) {
        let (id, problem) = ("\(form.id)-\(name)", form.refused?.problem(with: name))
        el(.div, .class("field")) {
            el(.label, label, .for(id))
            var all: [Attribute] = [.id(id), .name(name), .value(form.value(name, value))]
            if hint != nil || problem != nil { all.append(.aria("describedby", "\(id)-help")) }
            if problem != nil { all.append(.aria("invalid", "true")) }
            void(.input, with: all + attributes)
            help(id, hint, problem)
        }
    }

    /// A field of many lines.
    func area(
        _ form: FormView, _ name: String, _ label: String, value: String = "", rows: Int, hint: String? = nil
    ) {
        let (id, problem) = ("\(form.id)-\(name)", form.refused?.problem(with: name))
        el(.div, .class("field wide")) {
            el(.label, label, .for(id))
            var all: [Attribute] = [.id(id), .name(name), .rows(rows), .spellcheckOff]
            if hint != nil || problem != nil { all.append(.aria("describedby", "\(id)-help")) }
            if problem != nil { all.append(.aria("invalid", "true")) }
            // A browser drops the first line break.
            el(.textarea, with: all) { text("\n" + form.value(name, value)) }
            help(id, hint, problem)
        }
    }

    private func help(_ id: String, _ hint: String?, _ problem: String?) {
        guard hint != nil || problem != nil else { return }
        el(.p, .id("\(id)-help"), .class("hint")) {
            if let problem { el(.strong, problem, .class("problem")) }
            if let hint, problem == nil { text(hint) }
        }
    }

    /// One of several values.
    func choice(
        _ form: FormView, _ name: String, _ label: String, _ options: [(value: String, label: String)],
        chosen: String
    ) {
        choice(
            id: "\(form.id)-\(name)", name, label, options, chosen: form.value(name, chosen),
            problem: form.refused?.problem(with: name))
    }

    /// The same in a form that asks for a page.
    func choice(
        id: String, _ name: String, _ label: String, _ options: [(value: String, label: String)],
        chosen: String, problem: String? = nil
    ) {
        el(.div, .class("field")) {
            el(.label, label, .for(id))
            el(.select, .id(id), .name(name)) {
                for option in options {
                    let mark: [Attribute] = option.value == chosen ? [.selected] : []
                    el(.option, with: [.value(option.value)] + mark) { text(option.label) }
                }
            }
            if let problem { el(.p, problem, .class("hint problem")) }
        }
    }

    func checkbox(_ form: FormView, _ name: String, _ label: String, isSet: Bool) {
        checkbox(id: "\(form.id)-\(name)", name, label, isSet: form.isChecked(name, isSet))
    }

    func checkbox(id: String, _ name: String, _ label: String, value: String = "true", isSet: Bool) {
        el(.div, .class("check")) {
            let mark: [Attribute] = isSet ? [.checked] : []
            void(.input, with: [.type("checkbox"), .id(id), .name(name), .value(value)] + mark)
            el(.label, label, .for(id))
        }
    }

    func submit(_ label: String, class name: String = "primary") {
        el(.div, .class("buttons")) { el(.button, label, .type("submit"), .class(name)) }
    }

    /// A change that cannot be taken back: its button is shown after a second look.
    func danger(_ id: String, _ label: String, _ warning: String, content: () -> Void) {
        el(.details, .class("danger"), .id(id), .data("keep", "1")) {
            el(.summary, label)
            el(.p, warning)
            content()
        }
    }
}
