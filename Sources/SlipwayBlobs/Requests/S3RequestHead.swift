// The head of one HTTP request as the server received it, and strict access to its headers.

/// Method, target and headers of a request, untouched by any decoding.
public struct S3RequestHead: Sendable {
    /// The HTTP method in capitals.
    public var method: String
    /// The `Host` header (or `:authority`), with the port if the client sent one.
    public var host: String
    /// The path as received, still percent-encoded, starting with `/`.
    public var rawPath: String
    /// What follows `?`, still percent-encoded; empty without a query.
    public var rawQuery: String
    /// Every header but `Host`, in the order received; names in any case.
    public var headers: [(name: String, value: String)]

    public init(
        method: String, host: String, rawPath: String, rawQuery: String,
        headers: [(name: String, value: String)]
    ) {
        self.method = method
        self.host = host
        self.rawPath = rawPath
        self.rawQuery = rawQuery
        self.headers = headers
    }
}

/// Headers by lower-case name. A name whose meaning must be unambiguous may come only once.
struct S3Headers: Sendable {
    private var values: [String: String] = [:]

    /// Throws `InvalidRequest` when a header that this service reads or that must be signed comes twice.
    init(_ head: S3RequestHead) throws(S3Error) {
        for (name, value) in head.headers {
            let name = name.lowercased()
            if name == "host" { continue }
            let value = Self.collapseBlanks(value)
            if let earlier = values[name] {
                guard !name.hasPrefix("x-amz-"), !Self.onlyOnce.contains(name) else {
                    throw S3Error(.invalidRequest, "The header \(name) may come only once.")
                }
                values[name] = earlier + "," + value
            } else {
                values[name] = value
            }
        }
        values["host"] = head.host
    }

    subscript(name: String) -> String? { values[name] }

    /// All names, in no order.
    var names: some Collection<String> { values.keys }

    private static let onlyOnce: Set<String> = [
        "authorization", "content-length", "content-md5", "content-encoding", "range", "date",
    ]

    /// Signature form of a value: no blanks at the ends, single blanks inside.
    private static func collapseBlanks(_ value: String) -> String {
        value.split(whereSeparator: { $0 == " " || $0 == "\t" }).joined(separator: " ")
    }
}
