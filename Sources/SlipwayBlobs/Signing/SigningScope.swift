// The credential scope of signature version 4. Used by verifier, presigner and signer.

/// `{access key}/{date}/{region}/s3/aws4_request`.
struct SigningScope: Sendable, Equatable {
    static let algorithm = "AWS4-HMAC-SHA256"

    let accessKeyID: String
    /// `20130524`.
    let day: String
    let region: String

    /// Without the access key, as strings to sign hold it.
    var text: String { "\(day)/\(region)/s3/aws4_request" }
    var credential: String { "\(accessKeyID)/\(text)" }

    init(accessKeyID: String, day: String, region: String) {
        self.accessKeyID = accessKeyID
        self.day = day
        self.region = region
    }

    /// Nil for a credential of another form, another service or another terminator.
    init?(credential: String) {
        let parts = credential.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 5, parts[3] == "s3", parts[4] == "aws4_request", !parts[0].isEmpty else {
            return nil
        }
        self.init(accessKeyID: parts[0], day: parts[1], region: parts[2])
    }
}
