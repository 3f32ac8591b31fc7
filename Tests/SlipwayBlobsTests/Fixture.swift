// What the tests share: a service on a fresh directory, a client that signs requests, and bodies in pieces.
import Foundation
import Testing

@testable import SlipwayBlobs

/// A service on a directory of its own, removed with the fixture.
final class Fixture: Sendable {
    static let masterKey = (0..<32).map(UInt8.init)
    static let now = Date(timeIntervalSince1970: 1_795_435_200)  // 2026-11-23 12:00:00 UTC
    static let bucket = "slipway-archives"
    static let host = "s3.localhost:8000"
    static let emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    let root: String
    let service: S3Service

    init(maximumObjectBytes: Int64 = 1 << 30) throws {
        root = NSTemporaryDirectory() + "slipway-blobs-" + UUID().uuidString
        var limits = S3Service.Limits()
        limits.maximumObjectBytes = maximumObjectBytes
        service = try S3Service(
            root: root, masterKey: Self.masterKey, region: "us-east-1", bucket: Self.bucket, limits: limits)
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    func handle(_ head: S3RequestHead, _ body: [UInt8] = [], pieces: Int = 7, now: Date = Fixture.now) async
        -> S3Response
    {
        await service.handle(head, body: Pieces(bytes: body, size: pieces), now: now)
    }

    /// Bytes of a stored object.
    func stored(_ key: String) throws -> [UInt8]? {
        try service.directory.path(forKey: key).map {
            [UInt8](try Data(contentsOf: URL(fileURLWithPath: $0)))
        }
    }

    /// Every file left under a folder of the root.
    func files(in folder: String) -> [String] {
        FileManager.default.enumerator(atPath: root + "/" + folder)?.compactMap { $0 as? String } ?? []
    }
}

/// A body that arrives `size` bytes at a time, and may break off.
struct Pieces: AsyncSequence, AsyncIteratorProtocol {
    struct Broken: Error {}

    var bytes: [UInt8]
    let size: Int
    var breaksOff = false

    mutating func next() async throws -> [UInt8]? {
        if bytes.isEmpty {
            if breaksOff { throw Broken() }
            return nil
        }
        defer { bytes.removeFirst(Swift.min(size, bytes.count)) }
        return Array(bytes.prefix(size))
    }

    func makeAsyncIterator() -> Pieces { self }
}

/// Signs requests the way an SDK does, with every part open to tampering.
struct TestClient {
    var credentials: TemporaryCredentials
    var key: String
    var host = Fixture.host
    var region = "us-east-1"
    var date = Fixture.now

    init(_ credentials: TemporaryCredentials) {
        self.credentials = credentials
        key = credentials.key
    }

    var path: String { "/\(credentials.bucket)/\(key)" }
    var scope: SigningScope {
        SigningScope(
            accessKeyID: credentials.accessKeyID, day: String(AmzDate.basic(date).prefix(8)), region: region)
    }
    var signer: Signer {
        Signer(secretAccessKey: credentials.secretAccessKey, scope: scope, time: AmzDate.basic(date))
    }

    /// `payload` is the value of `x-amz-content-sha256`; headers are given in lower case.
    func request(
        _ method: String, query: String = "", headers extra: [(name: String, value: String)] = [],
        payload: String = "UNSIGNED-PAYLOAD", length: Int? = nil
    ) throws -> S3RequestHead {
        var headers = extra
        headers.append(("x-amz-date", AmzDate.basic(date)))
        headers.append(("x-amz-security-token", credentials.sessionToken))
        headers.append(("x-amz-content-sha256", payload))
        var signed = headers.filter { $0.name.hasPrefix("x-amz-") }
        signed.append(("host", host))
        signed.sort { $0.name < $1.name }
        let signature = signer.sign(
            CanonicalRequest(
                method: method, path: path, canonicalQuery: try QueryItems(raw: query).canonical(),
                headers: signed, payloadHash: payload))
        headers.append(
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=\(scope.credential), "
                    + "SignedHeaders=\(signed.map(\.name).joined(separator: ";")), Signature=\(signature)"
            ))
        if let length { headers.append(("content-length", String(length))) }
        return S3RequestHead(
            method: method, host: host, rawPath: PercentEncoding.encode(path, keepingSlash: true),
            rawQuery: query, headers: headers)
    }

    static func signature(of head: S3RequestHead) -> String {
        head.headers.first { $0.name == "authorization" }.map { String($0.value.suffix(64)) } ?? ""
    }
}

extension S3Response {
    var text: String {
        if case .bytes(let bytes) = body { String(decoding: bytes, as: UTF8.self) } else { "" }
    }

    func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}

extension BotocoreRequests.Recorded: CustomTestStringConvertible {
    var head: S3RequestHead {
        S3RequestHead(method: method, host: host, rawPath: path, rawQuery: query, headers: headers)
    }

    var testDescription: String { name }
}
