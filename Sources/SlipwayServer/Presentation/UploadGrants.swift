// Upload credentials as the contract's documents, with the address of this installation's own storage.

import Foundation
import SlipwayAPI
import SlipwayBlobs

extension AWSCredentialsV1 {
    init(_ credentials: TemporaryCredentials) {
        self.init(
            awsAccessKeyID: credentials.accessKeyID, awsSecretAccessKey: credentials.secretAccessKey,
            awsSessionToken: credentials.sessionToken)
    }
}

/// A document of the contract with two more members: where the storage is reached, and a URL that one PUT
/// uploads to for clients without an S3 library. The contract knows only storage that an SDK finds by its
/// region. Both are null where the document holds no credentials either.
struct WithUploadEndpoint<Document: Encodable & Sendable>: Encodable, Sendable {
    var document: Document
    var endpointURL: String?
    var uploadURL: String?

    private enum CodingKeys: String, CodingKey {
        case endpointURL = "s3_endpoint_url"
        case uploadURL = "upload_url"
    }

    func encode(to encoder: any Encoder) throws {
        try document.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(endpointURL, forKey: .endpointURL)
        try container.encode(uploadURL, forKey: .uploadURL)
    }
}

extension WithUploadEndpoint {
    init(document: Document, grant: TemporaryCredentials, services: Services) throws {
        self.document = document
        endpointURL = services.address.uploadURL
        uploadURL = try services.uploads.presignPUT(grant, endpoint: services.address.uploadURL, now: Date())
    }
}

/// A document of the contract with one more member: what of a config has no effect here, or is missing.
struct WithWarnings<Document: Encodable & Sendable>: Encodable, Sendable {
    var document: Document
    var warnings: [String]

    private enum CodingKeys: String, CodingKey {
        case warnings
    }

    func encode(to encoder: any Encoder) throws {
        try document.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(warnings, forKey: .warnings)
    }
}
