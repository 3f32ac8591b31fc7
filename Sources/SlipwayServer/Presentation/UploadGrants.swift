// Upload credentials as the contract's documents, with the address of this installation's own storage.

import SlipwayAPI
import SlipwayBlobs

extension AWSCredentialsV1 {
    init(_ credentials: TemporaryCredentials) {
        self.init(
            awsAccessKeyID: credentials.accessKeyID, awsSecretAccessKey: credentials.secretAccessKey,
            awsSessionToken: credentials.sessionToken)
    }
}

/// A document of the contract with one more member: where the storage is reached. The contract knows only
/// storage that an SDK finds by its region.
struct WithUploadEndpoint<Document: Encodable & Sendable>: Encodable, Sendable {
    var document: Document
    /// nil where the document holds no credentials either.
    var endpointURL: String?

    private enum CodingKeys: String, CodingKey {
        case endpointURL = "s3_endpoint_url"
    }

    func encode(to encoder: any Encoder) throws {
        try document.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(endpointURL, forKey: .endpointURL)
    }
}
