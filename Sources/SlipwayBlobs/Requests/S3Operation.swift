// Which of the supported S3 operations a request asks for. A pure function; called first for every request.

/// One supported operation on one object.
public enum S3Operation: Equatable, Sendable {
    case putObject
    case createMultipartUpload
    case uploadPart(number: Int, uploadID: String)
    case completeMultipartUpload(uploadID: String)
    case abortMultipartUpload(uploadID: String)
    case getObject
    case headObject

    /// Whether the operation changes what is stored.
    public var writes: Bool { self != .getObject && self != .headObject }
}

/// The object a request names and what it wants done.
public struct S3Route: Equatable, Sendable {
    /// Part numbers that S3 allows.
    public static let partNumbers = 1...10_000

    public let operation: S3Operation
    /// The decoded bucket name as the client gave it.
    public let bucket: String
    /// The decoded key as the client gave it; not yet checked.
    public let key: String

    /// Parses a request target in path style (`host/{bucket}/{key}`) or host style
    /// (`{bucket}.s3.…/{key}`, recognised by the label `s3` after this service's bucket name).
    ///
    /// Throws `NotImplemented` for every other operation of S3, `InvalidURI` for a target that cannot be
    /// decoded and `InvalidArgument` for a part number out of range.
    public static func parse(
        method: String, host: String, path: String, query: String, bucket: String
    ) throws(S3Error) -> S3Route {
        guard path.hasPrefix("/"), let decoded = PercentEncoding.decode(path.dropFirst()) else {
            throw S3Error(.invalidURI, "The path cannot be decoded.")
        }
        let name: String
        let key: String
        if host.lowercased().hasPrefix(bucket + ".s3.") {
            (name, key) = (bucket, decoded)
        } else {
            let halves = decoded.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            name = String(halves[0])
            key = halves.count == 2 ? String(halves[1]) : ""
        }
        guard !name.isEmpty, !key.isEmpty else { throw unsupported }
        let items = try QueryItems(raw: query)
        return S3Route(operation: try operation(method, items), bucket: name, key: key)
    }

    private static let unsupported = S3Error(
        .notImplemented, "This service uploads and downloads single objects; it has no other operation.")

    private static func operation(_ method: String, _ query: QueryItems) throws(S3Error) -> S3Operation {
        // Signature parameters and the operation name some SDKs append select nothing.
        let selecting = Set(
            query.items.map(\.name).filter { !$0.lowercased().hasPrefix("x-amz-") && $0 != "x-id" })
        switch (method, selecting) {
        case ("PUT", []): return .putObject
        case ("GET", []): return .getObject
        case ("HEAD", []): return .headObject
        case ("POST", ["uploads"]): return .createMultipartUpload
        case ("PUT", ["partNumber", "uploadId"]):
            guard let text = query["partNumber"], let number = DecimalText.parse(text),
                partNumbers.contains(number)
            else { throw S3Error(.invalidArgument, "Part numbers are 1 to 10000.") }
            return .uploadPart(number: number, uploadID: query["uploadId"] ?? "")
        case ("POST", ["uploadId"]): return .completeMultipartUpload(uploadID: query["uploadId"] ?? "")
        case ("DELETE", ["uploadId"]): return .abortMultipartUpload(uploadID: query["uploadId"] ?? "")
        default: throw unsupported
        }
    }
}
