// Attributes of elements. Addresses are made of a `Path`, so they never leave this server and never run anything; there is
// no attribute for a style or for an event.

/// One attribute; its value is escaped when it is written.
public struct Attribute: Sendable {
    let name: String
    /// Nil for an attribute that says all by being there.
    let value: String?

    private init(_ name: String, _ value: String?) {
        self.name = name
        self.value = value
    }

    static func id(_ value: String) -> Attribute { Attribute("id", value) }
    static func `class`(_ value: String) -> Attribute { Attribute("class", value) }
    static func lang(_ value: String) -> Attribute { Attribute("lang", value) }
    static func href(_ path: Path) -> Attribute { Attribute("href", path.text) }
    /// A place on the same page.
    static func href(fragment: StaticString) -> Attribute { Attribute("href", "#\(fragment)") }
    static func src(_ path: Path) -> Attribute { Attribute("src", path.text) }
    static func action(_ path: Path) -> Attribute { Attribute("action", path.text) }
    static func datetime(_ value: String) -> Attribute { Attribute("datetime", value) }
    static func name(_ value: String) -> Attribute { Attribute("name", value) }
    static func value(_ value: String) -> Attribute { Attribute("value", value) }
    static func content(_ value: String) -> Attribute { Attribute("content", value) }
    static func charset(_ value: String) -> Attribute { Attribute("charset", value) }
    static func rel(_ value: StaticString) -> Attribute { Attribute("rel", "\(value)") }
    static func type(_ value: StaticString) -> Attribute { Attribute("type", "\(value)") }
    static func method(_ value: StaticString) -> Attribute { Attribute("method", "\(value)") }
    static func role(_ value: StaticString) -> Attribute { Attribute("role", "\(value)") }
    static func scope(_ value: StaticString) -> Attribute { Attribute("scope", "\(value)") }
    static func `for`(_ id: String) -> Attribute { Attribute("for", id) }
    static func title(_ value: String) -> Attribute { Attribute("title", value) }
    static func placeholder(_ value: String) -> Attribute { Attribute("placeholder", value) }
    static func autocomplete(_ value: StaticString) -> Attribute { Attribute("autocomplete", "\(value)") }
    static func inputmode(_ value: StaticString) -> Attribute { Attribute("inputmode", "\(value)") }
    static func rows(_ count: Int) -> Attribute { Attribute("rows", "\(count)") }
    static func colspan(_ count: Int) -> Attribute { Attribute("colspan", "\(count)") }
    static func min(_ value: Int) -> Attribute { Attribute("min", "\(value)") }
    static func max(_ value: Int) -> Attribute { Attribute("max", "\(value)") }
    static func tabindex(_ value: Int) -> Attribute { Attribute("tabindex", "\(value)") }
    static func aria(_ name: StaticString, _ value: String) -> Attribute { Attribute("aria-\(name)", value) }
    static func data(_ name: StaticString, _ value: String) -> Attribute { Attribute("data-\(name)", value) }
    /// One of SVG's geometry attributes.
    static func svg(_ name: SVGName, _ value: String) -> Attribute { Attribute(name.rawValue, value) }

    static let required = Attribute("required", nil)
    static let hidden = Attribute("hidden", nil)
    static let open = Attribute("open", nil)
    static let checked = Attribute("checked", nil)
    static let selected = Attribute("selected", nil)
    static let disabled = Attribute("disabled", nil)
    static let spellcheckOff = Attribute("spellcheck", "false")

    enum SVGName: String { case viewBox, x, y, x1, y1, x2, y2, width, height, points, d, preserveAspectRatio }
}
