// Light, dark, or as the machine has it; kept in a cookie, so that pages come in the right colours without a script.

/// The colours of the pages.
enum Theme: String, CaseIterable, Sendable {
    case auto, light, dark

    static let cookie = "slipway_theme"

    var name: String {
        switch self {
        case .auto: "auto"
        case .light: "light"
        case .dark: "dark"
        }
    }

    /// What the switch leads to.
    var next: Theme {
        switch self {
        case .auto: .light
        case .light: .dark
        case .dark: .auto
        }
    }
}
