// The GraphQL parser: any text is either read or refused.

@testable import SlipwayGraphQL

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let text = String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    guard let operations = try? Parser.operations(text) else { return 0 }
    precondition(!operations.isEmpty)
    return 0
}
