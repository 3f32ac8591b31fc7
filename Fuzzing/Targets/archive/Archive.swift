// The archive reader: whatever the bytes are, nothing is written outside the target directory, and nothing remains
// of an archive that was refused.

import Foundation
@testable import SlipwayTruss

private let scratch: String = {
    let base = ProcessInfo.processInfo.environment["FUZZ_SCRATCH"] ?? "/dev/shm"
    let path = "\(base)/slipway-fuzz-\(ProcessInfo.processInfo.processIdentifier)"
    try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
}()

private let limits: ArchiveLimits = {
    var limits = ArchiveLimits()
    limits.entries = 200
    limits.bytes = 1 << 20
    return limits
}()

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var bytes = Array(UnsafeBufferPointer(start: start, count: count))
    mendChecksums(&bytes)
    let archive = scratch + "/archive"
    let target = scratch + "/out"
    try! Data(bytes).write(to: URL(fileURLWithPath: archive))
    _ = try? TrussArchive.readConfig(archive: archive)
    _ = try? TrussArchive.fingerprints(archive: archive)
    let isUnpacked = (try? TrussArchive.unpack(archive: archive, into: target, limits: limits)) != nil
    let left = try! FileManager.default.contentsOfDirectory(atPath: scratch).sorted()
    precondition(left == (isUnpacked ? ["archive", "out"] : ["archive"]), "\(left)")
    if isUnpacked {
        checkLinks(below: target)
        try! FileManager.default.removeItem(atPath: target)
    }
    return 0
}

/// Every symbolic link ends inside.
private func checkLinks(below root: String) {
    let base = URL(fileURLWithPath: root).resolvingSymlinksInPath().path
    for case let name as String in FileManager.default.enumerator(atPath: root) ?? .init() {
        let path = root + "/" + name
        guard (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) != nil else { continue }
        guard let real = realpath(path, nil) else { preconditionFailure("\(name) ends nowhere") }
        defer { free(real) }
        precondition((String(cString: real) + "/").hasPrefix(base + "/"), name)
    }
}

/// Checksums are no defence, and a fuzzer does not find them: every block that says it is a header gets its own.
private func mendChecksums(_ bytes: inout [UInt8]) {
    for block in stride(from: 0, to: bytes.count - 511, by: 512)
    where bytes[block + 257..<block + 262].elementsEqual("ustar".utf8) {
        for place in block + 148..<block + 156 { bytes[place] = 32 }
        let sum = bytes[block..<block + 512].reduce(0) { $0 + Int($1) }
        let digits = Array(String(sum, radix: 8).utf8)
        for (place, digit) in zip((block + 154 - digits.count)..., digits) { bytes[place] = digit }
        bytes[block + 154] = 0
    }
}
