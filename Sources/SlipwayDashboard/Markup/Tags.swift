// The elements that pages are made of.

/// Elements with content.
public enum Tag: String, Sendable {
    case html, head, body, title, main, nav, header, footer, section, article, aside
    case h1, h2, h3, p, div, span, a, strong, em, small, code, pre, time, abbr
    case ul, ol, li, dl, dt, dd
    case table, caption, thead, tbody, tr, th, td
    case form, fieldset, legend, label, button, select, option, textarea, output
    case details, summary
    case svg, g, path, polyline, line, rect, circle
    /// Only modules by their address: `Attribute` has no way to give it content that runs.
    case script
    /// In SVG, where `title` is an element of its own.
    case svgText = "text"
}

/// Elements without content.
public enum VoidTag: String, Sendable { case meta, link, input, br, hr }
