// The decoder of aws-chunked bodies: bytes that come one by one give what bytes that come at once give.

import Crypto
import Foundation
@testable import SlipwayBlobs

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // The first byte chooses what the request announced.
    guard let start, count > 0 else { return 0 }
    let choice = start[0]
    let body = Array(UnsafeBufferPointer(start: start + 1, count: count - 1))
    let names: Set<String> = choice & 1 == 0 ? [] : ["x-amz-checksum-crc32"]
    let length = Int64(choice >> 2)
    let signer = Signer(
        secretAccessKey: "secret", scope: SigningScope(accessKeyID: "a", day: "20260101", region: "r"),
        time: "20260101T000000Z")
    let signatures: AwsChunkedDecoder.ChunkSignatures? =
        choice & 2 == 0 ? nil : .init(signer: signer, seed: String(repeating: "0", count: 64))
    var results: [String] = []
    for step in [max(body.count, 1), 1, 3] {
        var decoder = AwsChunkedDecoder(decodedLength: length, signatures: signatures, trailerNames: names)
        var payload: [UInt8] = []
        var rest = body[...]
        do {
            while !rest.isEmpty {
                try decoder.decode(rest.prefix(step)) { payload += $0 }
                rest = rest.dropFirst(step)
            }
            let trailer = try decoder.finish()
            precondition(payload.count == length)
            results.append("\(payload) \(trailer)")
        } catch {
            results.append("\((error as? S3Error)?.code.rawValue ?? "other")")
        }
        precondition(payload.count <= length)
    }
    precondition(Set(results).count == 1, "\(results)")
    return 0
}
