// Whom a gRPC call is for, from its metadata.

import NIOHPACK

struct GRPCCall {
    /// The request that opens a connection to the replica.
    let tunnelRequest: String
    /// For the replica: without the platform's key and names.
    let headers: HPACKHeaders

    static func isGRPC(_ headers: HPACKHeaders) -> Bool {
        headers.first(name: "content-type")?.hasPrefix("application/grpc") ?? false
    }

    /// - Parameter received: of a call, checked for characters that do not belong there.
    init(_ received: HPACKHeaders) {
        let authority = received.first(name: ":authority") ?? received.first(name: "host") ?? ""
        let model = received.first(name: "baseten-model-id")
        let label = authority.prefix { $0 != "." && $0 != ":" }
        let host = label.lowercased().hasPrefix("model-") ? String(label) : Self.host(model)
        let isRegional = host.dropFirst("model-".count).contains("-")
        var lines = ["TUNNEL \(Self.path(received, isRegional: isRegional)) HTTP/1.1", "Host: \(host).grpc"]
        for name in ["baseten-authorization", "authorization"] {
            guard let value = received.first(name: name) else { continue }
            lines.append("Authorization: \(value)")
            break
        }
        tunnelRequest = lines.joined(separator: "\r\n") + "\r\n\r\n"
        var passed = HPACKHeaders()
        for (name, value, indexing) in received where !Self.isPlatform(name) {
            passed.add(name: name, value: name == ":scheme" ? "http" : value, indexing: indexing)
        }
        headers = passed
    }

    private static func host(_ model: String?) -> String {
        guard let model else { return "model-" }
        // Only what can be an id: the text becomes a header.
        let text = model.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
        return text.hasPrefix("model-") ? text : "model-\(text)"
    }

    private static func path(_ received: HPACKHeaders, isRegional: Bool) -> String {
        if let id = received.first(name: "x-baseten-deployment") {
            return "/deployment/\(segment(id))/predict"
        }
        if let name = received.first(name: "x-baseten-environment") {
            return "/environments/\(segment(name))/predict"
        }
        return isRegional ? "/predict" : "/production/predict"
    }

    private static func segment(_ text: String) -> String {
        text.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }
    }

    private static func isPlatform(_ name: String) -> Bool {
        name == "authorization" || name.hasPrefix("baseten-") || name.hasPrefix("x-baseten-")
    }
}

/// Status codes of gRPC for answers of the gateway.
enum GRPCStatus {
    static func code(http status: Int) -> Int {
        switch status {
        case 400: 3  // INVALID_ARGUMENT
        case 401: 16  // UNAUTHENTICATED
        case 403: 7  // PERMISSION_DENIED
        case 404: 5  // NOT_FOUND
        case 408, 504: 4  // DEADLINE_EXCEEDED
        case 413, 429, 529: 8  // RESOURCE_EXHAUSTED
        case 501: 12  // UNIMPLEMENTED
        case 500, 502, 503: 14  // UNAVAILABLE
        default: 2  // UNKNOWN
        }
    }

    /// A call that ends with its head.
    static func trailersOnly(_ code: Int, _ message: String, requestID: String?) -> HPACKHeaders {
        var headers: HPACKHeaders = [
            ":status": "200", "content-type": "application/grpc", "grpc-status": "\(code)",
            "grpc-message": escaped(message),
        ]
        if let requestID { headers.add(name: "x-baseten-request-id", value: requestID) }
        return headers
    }

    /// Percent-encoded as the protocol asks of `grpc-message`.
    private static func escaped(_ text: String) -> String {
        text.utf8.reduce(into: "") { result, byte in
            if byte >= 32, byte < 127, byte != 37 {
                result.unicodeScalars.append(UnicodeScalar(byte))
            } else {
                let hex = String(byte, radix: 16, uppercase: true)
                result += hex.count == 1 ? "%0\(hex)" : "%\(hex)"
            }
        }
    }
}
