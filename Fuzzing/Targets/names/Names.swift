// Names and paths: the router, percent-encoding, object keys, queries and part lists of the S3 subset.

import SlipwayCore
@testable import SlipwayBlobs
@testable import SlipwayGateway

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    let middle = bytes.firstIndex(of: 10) ?? bytes.count
    let (first, second) = (bytes.part(0, middle), bytes.part(min(middle + 1, count), count))
    for listener in [ListenerKind.main, .inference] {
        _ = HostRouter.route(host: first, target: second, listener: listener)
    }
    _ = KeyDigest(authorization: first)
    let text = String(decoding: second, as: UTF8.self)
    precondition(
        PercentEncoding.decode(PercentEncoding.encode(text)).map { $0.utf8.elementsEqual(text.utf8) } ?? true)
    if let decoded = PercentEncoding.decode(text) {
        precondition(!decoded.utf8.contains { $0 < 32 || $0 == 127 })
        precondition(PercentEncoding.decode(PercentEncoding.encode(decoded)) == decoded)
    }
    if let key = BlobKey(text) {
        precondition(!key.description.split(separator: "/", omittingEmptySubsequences: false).contains(".."))
        precondition(key.fileName.utf8.count == 64)
    }
    _ = try? QueryItems(raw: text)
    _ = try? PartList.parse(Array(second))
    _ = try? S3Route.parse(
        method: "PUT", host: first.text, path: text, query: first.text, bucket: "uploads")
    return 0
}
