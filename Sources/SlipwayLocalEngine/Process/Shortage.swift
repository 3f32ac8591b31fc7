// Tells what the machine cannot do now from what it will never do.

import Foundation

enum Shortage {
    /// Errors of system calls that pass when processes end, files are closed or space is freed.
    private static let passing: Set<Int32> = [EAGAIN, ENOMEM, EMFILE, ENFILE, ENOSPC, EDQUOT]

    /// Whether an error means that the machine lacks something it may have again later.
    static func isCause(of error: any Error) -> Bool {
        if let error = error as? SpawnError { return passing.contains(error.code) }
        if (error as? CocoaError)?.code == .fileWriteOutOfSpace { return true }
        let known = error as NSError
        if known.domain == NSPOSIXErrorDomain { return passing.contains(Int32(known.code)) }
        return (known.userInfo[NSUnderlyingErrorKey] as? any Error).map(isCause) ?? false
    }
}
