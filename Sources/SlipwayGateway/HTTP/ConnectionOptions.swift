// What the Connection fields of a head say (RFC 9110 section 7.6.1).

struct ConnectionOptions {
    private(set) var close = false
    private(set) var keepAlive = false
    private(set) var upgrade = false
    /// Other fields are named, which are for this hop only.
    private(set) var namesFields = false

    mutating func add(_ value: UnsafeRawBufferPointer) {
        for option in value.split(separator: 44) {
            let name = UnsafeRawBufferPointer(rebasing: option).trimmed
            if name.equals("close") {
                close = true
            } else if name.equals("keep-alive") {
                keepAlive = true
            } else if name.equals("upgrade") {
                upgrade = true
            } else if !name.isEmpty {
                namesFields = true
            }
        }
    }
}
