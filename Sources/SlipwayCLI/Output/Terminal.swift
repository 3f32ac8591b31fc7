// What standard output and input are, and what may be sent there.

import Foundation

/// The terminal of this process, if it has one.
struct Terminal: Equatable, Sendable {
    var outputIsTerminal: Bool
    var errorIsTerminal: Bool
    var inputIsTerminal: Bool
    /// Columns; nil where lines may be of any length.
    var width: Int?
    var colours: Bool

    static let current = Terminal(environment: ProcessInfo.processInfo.environment)

    init(outputIsTerminal: Bool, inputIsTerminal: Bool = false, width: Int? = nil, colours: Bool = false) {
        self.outputIsTerminal = outputIsTerminal
        errorIsTerminal = outputIsTerminal
        self.inputIsTerminal = inputIsTerminal
        self.width = width
        self.colours = colours
    }

    private init(environment: [String: String]) {
        outputIsTerminal = isatty(STDOUT_FILENO) == 1
        errorIsTerminal = isatty(STDERR_FILENO) == 1
        inputIsTerminal = isatty(STDIN_FILENO) == 1
        width = outputIsTerminal ? Self.columns(environment) : nil
        // https://no-color.org: present and not empty.
        colours =
            outputIsTerminal && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
    }

    private static func columns(_ environment: [String: String]) -> Int {
        if let columns = environment["COLUMNS"].flatMap({ Int($0) }), columns > 0 { return columns }
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}

/// Colours of a cell or a line.
enum Colour: String {
    case red = "31"
    case green = "32"
    case yellow = "33"
    case dim = "2"
    case bold = "1"

    func paint(_ text: String, on terminal: Terminal) -> String {
        terminal.colours ? "\u{1B}[\(rawValue)m\(text)\u{1B}[0m" : text
    }
}
