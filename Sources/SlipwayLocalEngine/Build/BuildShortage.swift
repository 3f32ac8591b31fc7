// Whether a build failed because the machine lacks something now: then it waits and is made again, since nothing is wrong
// with what was pushed.

import Foundation
import SlipwayCore
import SlipwayEngine
import SlipwaySockets

enum BuildShortage {
    /// Bytes and files that a build needs to end well; with less the disk counts as full.
    static let minFreeBytes: UInt64 = 4 << 20
    static let minFreeFiles: UInt64 = 16

    /// What is missing, in words; nil when the failure is the build's own.
    ///
    /// Not by what tools print: a pushed command could print the same, and would be run again for ever.
    /// - Parameter root: where builds are made; looked at before what the build wrote is removed.
    static func words(for error: any Error, root: String) -> String? {
        if error is CancellationError || error is StartFailure || error is ConfigRejection { return nil }
        return words(for: code(of: error)) ?? fullDisk(root) ?? missingDescriptors
    }

    /// What is to be thrown for a step whose files are removed when it fails: afterwards the disk has room again.
    static func cause(of error: any Error, root: String) -> any Error {
        words(for: error, root: root).map { StartFailure(reason: $0, cause: .machine) } ?? error
    }

    /// Whether the failure itself says that the machine lacks something.
    static func isShortage(_ error: any Error) -> Bool {
        (error as? StartFailure)?.cause == .machine || words(for: code(of: error)) != nil
    }

    static func words(for code: Int32) -> String? {
        switch code {
        case ENOSPC, EDQUOT: "The disk is full."
        case EMFILE, ENFILE: "The server has no file descriptors left."
        case ENOMEM: "The machine has no memory left."
        default: nil
        }
    }

    static func isFull(_ blocks: UInt64, free: UInt64, blockSize: UInt64, files: UInt64, freeFiles: UInt64)
        -> Bool
    {
        // File systems without a number of files, or of blocks, tell zero of them.
        (blocks > 0 && free < minFreeBytes / max(1, blockSize)) || (files > 0 && freeFiles < minFreeFiles)
    }

    private static func code(of error: any Error) -> Int32 {
        switch error {
        case let error as SpawnError: return error.code
        case let error as SystemError: return error.number
        case let error as POSIXError: return error.code.rawValue
        default:
            let error = error as NSError
            if error.domain == NSPOSIXErrorDomain { return Int32(truncatingIfNeeded: error.code) }
            if error.domain == NSCocoaErrorDomain, error.code == CocoaError.Code.fileWriteOutOfSpace.rawValue
            {
                return ENOSPC
            }
            guard let below = error.userInfo[NSUnderlyingErrorKey] as? any Error else { return 0 }
            return code(of: below)
        }
    }

    private static func fullDisk(_ root: String) -> String? {
        var info = statvfs()
        guard statvfs(root, &info) == 0 else { return nil }
        return isFull(
            UInt64(info.f_blocks), free: UInt64(info.f_bavail), blockSize: UInt64(info.f_frsize),
            files: UInt64(info.f_files), freeFiles: UInt64(info.f_favail)) ? words(for: ENOSPC) : nil
    }

    private static var missingDescriptors: String? {
        let file = open("/dev/null", O_RDONLY | O_CLOEXEC)
        guard file < 0 else {
            close(file)
            return nil
        }
        return words(for: errno)
    }
}
