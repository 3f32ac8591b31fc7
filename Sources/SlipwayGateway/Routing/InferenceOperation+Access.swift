// The rows of `AccessTable` that the gateway holds by itself: it lets in whoever may invoke the model.

import SlipwayCore

extension InferenceOperation {
    /// One of each kind, to look their rows up before the first request.
    static let kinds: [InferenceOperation] = [
        .predict(query: nil), .wake, .websocket(query: nil), .tunnel, .sync(uri: ""),
    ]

    /// Its operation in `AccessTable`, below every target.
    var name: String {
        switch self {
        case .predict: "POST \(AccessTable.target)/predict"
        case .wake: "POST \(AccessTable.target)/wake"
        case .websocket: "GET \(AccessTable.target)/websocket"
        case .tunnel: "gRPC \(AccessTable.target)"
        case .sync: "ANY \(AccessTable.target)/sync/{path}"
        }
    }

    /// Ends the process when the table says otherwise than `admit`, or nothing, of an operation.
    static func requireRows() {
        for kind in kinds {
            precondition(
                AccessTable.rows[kind.name] == AccessRule(.invoke, .modelsOfKey),
                "\(kind.name) has no such row in AccessTable")
        }
    }
}
