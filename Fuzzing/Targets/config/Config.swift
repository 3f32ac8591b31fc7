// The config decoder, for YAML and JSON: any text is either read or refused, and what was read can be read again.

@testable import SlipwayTruss

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let text = String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    if let config = try? TrussConfig(yaml: text) {
        precondition((try? TrussConfig(json: config.json)) != nil)
    }
    _ = try? TrussConfig(json: text)
    return 0
}
