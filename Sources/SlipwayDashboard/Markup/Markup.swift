// HTML by construction: tags and attributes are names of the program, everything else is text and escaped. There is no way
// to put a finished piece of HTML in, so nothing a user sends can become markup.

/// A document that is being written.
public final class Markup {
    /// The document so far, in UTF-8.
    public private(set) var bytes: [UInt8] = []

    public init() { bytes.reserveCapacity(32 << 10) }

    /// An element with content.
    public func el(_ tag: Tag, _ attributes: Attribute..., content: () throws -> Void) rethrows {
        open(tag, attributes)
        try content()
        close(tag)
    }

    /// An element with a text.
    public func el(_ tag: Tag, _ text: String, _ attributes: Attribute...) {
        open(tag, attributes)
        self.text(text)
        close(tag)
    }

    /// An element whose attributes are put together elsewhere.
    public func el(_ tag: Tag, with attributes: [Attribute], content: () throws -> Void) rethrows {
        open(tag, attributes)
        try content()
        close(tag)
    }

    /// An element that cannot have content.
    public func void(_ tag: VoidTag, _ attributes: Attribute...) { void(tag, with: attributes) }

    public func void(_ tag: VoidTag, with attributes: [Attribute]) { open(tag.rawValue, attributes) }

    /// Text, escaped.
    public func text(_ text: String) { escape(text) }

    /// Starts a document, before its root element.
    public func doctype() { raw("<!doctype html>\n") }

    private func open(_ tag: Tag, _ attributes: [Attribute]) { open(tag.rawValue, attributes) }

    private func open(_ name: String, _ attributes: [Attribute]) {
        bytes.append(UInt8(ascii: "<"))
        raw(name)
        for attribute in attributes {
            bytes.append(UInt8(ascii: " "))
            raw(attribute.name)
            guard let value = attribute.value else { continue }
            bytes.append(UInt8(ascii: "="))
            bytes.append(UInt8(ascii: "\""))
            escape(value)
            bytes.append(UInt8(ascii: "\""))
        }
        bytes.append(UInt8(ascii: ">"))
    }

    private func close(_ tag: Tag) {
        raw("</")
        raw(tag.rawValue)
        bytes.append(UInt8(ascii: ">"))
    }

    private func raw(_ text: String) { bytes.append(contentsOf: text.utf8) }

    /// The five characters that mean something in text or in a quoted attribute.
    private func escape(_ text: String) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): raw("&amp;")
            case UInt8(ascii: "<"): raw("&lt;")
            case UInt8(ascii: ">"): raw("&gt;")
            case UInt8(ascii: "\""): raw("&quot;")
            case UInt8(ascii: "'"): raw("&#39;")
            // HTML has no such character: browsers show U+FFFD in text and complain.
            case 0: raw("\u{FFFD}")
            default: bytes.append(byte)
            }
        }
    }
}
