// The server's own log: one line per event, whatever names, errors and answers of others are in it.

import Logging

/// Writes control characters as escapes, so that nothing in an event looks like another line or steers a terminal.
struct OneLineLog: LogHandler {
    private var inner: StreamLogHandler

    init(label: String) { inner = StreamLogHandler.standardError(label: label) }

    var logLevel: Logger.Level {
        get { inner.logLevel }
        set { inner.logLevel = newValue }
    }

    var metadata: Logger.Metadata {
        get { inner.metadata }
        set { inner.metadata = Self.plain(newValue) }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { inner[metadataKey: Self.plain(key)] }
        set { inner[metadataKey: Self.plain(key)] = newValue.map(Self.plain) }
    }

    func log(event: LogEvent) {
        var event = event
        event.message = "\(Self.plain(event.message.description))"
        var metadata = event.metadata ?? [:]
        if let error = event.error {
            // Under the names that the inner log gives them; it would write them as they are.
            metadata["error.message"] = "\(error)"
            metadata["error.type"] = "\(String(reflecting: type(of: error)))"
            event.error = nil
        }
        event.metadata = metadata.isEmpty ? nil : Self.plain(metadata)
        inner.log(event: event)
    }

    private static func plain(_ metadata: Logger.Metadata) -> Logger.Metadata {
        Dictionary(metadata.map { (plain($0), plain($1)) }) { _, last in last }
    }

    private static func plain(_ value: Logger.Metadata.Value) -> Logger.Metadata.Value {
        switch value {
        case .string(let text): .string(plain(text))
        case .stringConvertible(let value): .string(plain(value.description))
        case .array(let values): .array(values.map(plain))
        case .dictionary(let values): .dictionary(plain(values))
        }
    }

    /// With `\n`, `\u{1b}` and the like for control characters and separators of lines; everything else as it is.
    static func plain(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            if isControl(scalar) {
                result += scalar.escaped(asASCII: true)
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func isControl(_ scalar: UnicodeScalar) -> Bool {
        switch scalar.properties.generalCategory {
        // Cf among them: characters that turn the direction of text around.
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
