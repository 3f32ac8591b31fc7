// Style sheet, scripts and icon, built into the program. Their address carries a hash of all of them, so browsers may keep
// them for good and a new version is fetched at once.

import CSlipwayAssets
import Crypto
import HTTPTypes
import Hummingbird
import NIOCore

struct Assets: Sendable {
    private struct File: Sendable {
        var type: String
        var tag: String
        var bytes: ByteBuffer
    }

    static let shared = Assets()

    private let files: [String: File]
    /// Of all files together: modules import each other by relative addresses.
    let version: String

    private init() {
        var files: [String: File] = [:]
        var all = SHA256()
        var number = 0
        while case let entry = slipway_asset_at(number), let name = entry.name, let start = entry.bytes {
            let bytes = UnsafeRawBufferPointer(start: start, count: entry.count)
            all.update(bufferPointer: bytes)
            let name = String(cString: name)
            files[name] = File(
                type: Self.type(of: name), tag: "\"\(Self.hex(SHA256.hash(data: bytes)))\"",
                bytes: ByteBuffer(bytes: bytes))
            number += 1
        }
        self.files = files
        version = Self.hex(all.finalize())
    }

    func path(_ name: String) -> Path { Path("assets", version, name) }

    /// The file for a request, 304 where the browser has it, nil where there is none.
    func response(to name: String, version: String, _ request: Request) -> Response? {
        guard let file = files[name], version == self.version else { return nil }
        var headers: HTTPFields = [
            .contentType: file.type, .eTag: file.tag,
            .cacheControl: "public, max-age=31536000, immutable", .xContentTypeOptions: "nosniff",
        ]
        if request.headers[.ifNoneMatch] == file.tag {
            return Response(status: .notModified, headers: headers)
        }
        headers[.contentLength] = "\(file.bytes.readableBytes)"
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: file.bytes))
    }

    private static func type(of name: String) -> String {
        switch name.split(separator: ".").last {
        case "css": "text/css; charset=utf-8"
        case "svg": "image/svg+xml"
        default: "text/javascript; charset=utf-8"
        }
    }

    private static func hex(_ digest: SHA256Digest) -> String {
        digest.prefix(12).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
