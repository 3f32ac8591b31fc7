// The error answers of the S3 protocol. Thrown inside this module, turned into XML by `S3Response`.

/// One refused request: what the client reads, and what only the server's log may read.
public struct S3Error: Error, Equatable, Sendable {
    /// S3's error codes as far as this service uses them.
    public enum Code: String, Sendable {
        case accessDenied = "AccessDenied"
        case authorizationHeaderMalformed = "AuthorizationHeaderMalformed"
        case authorizationQueryParametersError = "AuthorizationQueryParametersError"
        case badDigest = "BadDigest"
        case entityTooLarge = "EntityTooLarge"
        case expiredToken = "ExpiredToken"
        case incompleteBody = "IncompleteBody"
        case insufficientStorage = "InsufficientStorage"
        case internalError = "InternalError"
        case invalidArgument = "InvalidArgument"
        case invalidChunk = "InvalidChunk"
        case invalidDigest = "InvalidDigest"
        case invalidPart = "InvalidPart"
        case invalidPartOrder = "InvalidPartOrder"
        case invalidRange = "InvalidRange"
        case invalidRequest = "InvalidRequest"
        case invalidToken = "InvalidToken"
        case invalidURI = "InvalidURI"
        case malformedTrailer = "MalformedTrailerError"
        case malformedXML = "MalformedXML"
        case methodNotAllowed = "MethodNotAllowed"
        case missingContentLength = "MissingContentLength"
        case missingSecurityHeader = "MissingSecurityHeader"
        case noSuchBucket = "NoSuchBucket"
        case noSuchKey = "NoSuchKey"
        case noSuchUpload = "NoSuchUpload"
        case notImplemented = "NotImplemented"
        case requestTimeTooSkewed = "RequestTimeTooSkewed"
        case signatureDoesNotMatch = "SignatureDoesNotMatch"
        case slowDown = "SlowDown"
        case contentSHA256Mismatch = "XAmzContentSHA256Mismatch"

        /// The HTTP status that goes with the code.
        public var status: Int {
            switch self {
            case .accessDenied, .requestTimeTooSkewed, .signatureDoesNotMatch: 403
            case .noSuchBucket, .noSuchKey, .noSuchUpload: 404
            case .methodNotAllowed: 405
            case .missingContentLength: 411
            case .entityTooLarge: 413
            case .invalidRange: 416
            case .internalError: 500
            case .notImplemented: 501
            case .slowDown: 503
            case .insufficientStorage: 507
            default: 400
            }
        }
    }

    /// The protocol's error code; its status is `code.status`.
    public let code: Code
    /// One sentence for the client. Holds no secret, token or local path.
    public let message: String
    /// What failed on this machine (operation and errno text), for the server's log only.
    public let diagnostic: String?

    public init(_ code: Code, _ message: String, diagnostic: String? = nil) {
        self.code = code
        self.message = message
        self.diagnostic = diagnostic
    }
}
