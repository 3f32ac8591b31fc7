// Carries a value of one event loop through a place that any thread can see.

/// Made and used on one event loop only; in between it is handed around, never looked at.
struct Confined<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}
