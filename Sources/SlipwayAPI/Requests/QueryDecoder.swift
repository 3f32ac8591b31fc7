// Query parameters become the same request documents as bodies; the server's GET routes call it.

extension RequestDecoder {
    /// Reads a request document from query parameters. Each of `lists`
    /// may be given several times; each of `integers` must be a decimal integer; unknown ones are refused.
    ///
    /// - Parameter query: names and values after percent decoding, in order.
    /// - Throws: `BadRequest` naming the parameter that is wrong.
    public static func decode<Request: WireRequest>(
        _ type: Request.Type, fromQuery query: [(name: String, value: String)], integers: Set<String> = [],
        lists: Set<String> = []
    ) throws(BadRequest) -> Request {
        var members: [String: JSONValue] = [:]
        for (name, value) in query {
            if lists.contains(name) {
                guard case .array(let earlier)? = members[name] else {
                    members[name] = .array([.string(value)])
                    continue
                }
                members[name] = .array(earlier + [.string(value)])
            } else if members[name] != nil {
                throw BadRequest("query parameter \(name.prefix(100)): given more than once")
            } else if integers.contains(name) {
                guard let number = Int64(value) else {
                    throw BadRequest("query parameter \(name): expected an integer")
                }
                members[name] = .integer(number)
            } else {
                members[name] = .string(value)
            }
        }
        return try MemberReader.read(type, from: .object(members), path: "")
    }
}

extension GetDeploymentLogsRequestV1 {
    /// Reads the query parameters of the GET form.
    ///
    /// - Throws: `BadRequest` naming the parameter that is wrong.
    public init(query: [(name: String, value: String)]) throws(BadRequest) {
        self = try RequestDecoder.decode(
            Self.self, fromQuery: query, integers: ["start_epoch_millis", "end_epoch_millis", "limit"],
            lists: ["includes", "excludes"])
    }
}
