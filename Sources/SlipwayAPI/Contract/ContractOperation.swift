// Every operation of the public contract, built here or not: the server answers 501 for those that are not,
// and the README's table is made from this list.

/// A method and a path template of the management or inference API.
public struct ContractOperation: Sendable, Hashable {
    public enum Method: String, Sendable, CaseIterable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    public enum Plane: Sendable {
        /// Below `/v1` of the management host.
        case management
        /// On the hosts of models, paths as after the host.
        case inference
    }

    public var method: Method
    /// Segments in braces are parameters, as in `/v1/models/{model_id}`.
    public var path: String
    /// Whether this version of Slipway carries the operation out.
    public var built: Bool

    /// Which host the operation belongs to.
    public var plane: Plane { path.hasPrefix("/v1/") ? .management : .inference }

    /// The whole contract: the management API of July and August 2026 together, and the inference API.
    public static let all =
        models + organization + chains + training + loops + catalogue + inference

    /// Finds the operation that a path belongs to. A literal segment wins over a parameter.
    ///
    /// - Parameter path: as received, without query.
    /// - Returns: nil when the contract has no such operation.
    public static func matching(_ method: Method, path: String, plane: Plane) -> ContractOperation? {
        let segments = path.split(separator: "/", omittingEmptySubsequences: false)
        return all.filter { $0.method == method && $0.plane == plane && $0.matches(segments) }
            .min { $0.parameters.count < $1.parameters.count }
    }

    /// The methods that a path of the management API has, in this version or not; none for a path it does not have.
    ///
    /// - Parameter path: as received, without query.
    public static func methods(at path: String) -> Set<Method> {
        let segments = path.split(separator: "/", omittingEmptySubsequences: false)
        let found = (all + extensions).filter { $0.plane == .management && $0.matches(segments) }
        return Set(found.map(\.method))
    }

    /// Names of the parameters in the path, in order.
    public var parameters: [String] {
        path.split(separator: "/").filter { $0.hasPrefix("{") }.map { String($0.dropFirst().dropLast()) }
    }

    static func built(_ method: Method, _ path: String) -> ContractOperation {
        ContractOperation(method: method, path: path, built: true)
    }

    static func notBuilt(_ method: Method, _ path: String) -> ContractOperation {
        ContractOperation(method: method, path: path, built: false)
    }

    private func matches(_ segments: [Substring]) -> Bool {
        let template = path.split(separator: "/", omittingEmptySubsequences: false)
        return template.count == segments.count
            && zip(template, segments).allSatisfy { $0 == $1 || ($0.hasPrefix("{") && !$1.isEmpty) }
    }
}
