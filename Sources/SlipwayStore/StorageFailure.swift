// Why a transaction could not be carried out although nothing is wrong with what was asked.

import GRDB

/// The disk or the database does not do its part. A write that fails with this has changed nothing.
public struct StorageFailure: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: Sendable, Equatable {
        /// No space is left, or the quota is used up.
        case full
        /// The disk takes no writes.
        case readOnly
        /// A file of the database cannot be opened, which can pass: the process may have too many open.
        case closed
        /// A page of the database is not what was written.
        case damaged
        /// The disk answers with errors.
        case failing
    }

    public let kind: Kind
    /// For the operator: names the file and what to do.
    public let description: String

    /// - Returns: nil for errors of other kinds.
    init?(_ error: any Error, path: String) {
        guard let error = error as? DatabaseError else { return nil }
        switch error.resultCode {
        case .SQLITE_FULL:
            kind = .full
            description = "the disk is full: \(path) cannot be written until there is space again"
        case .SQLITE_READONLY, .SQLITE_PERM:
            kind = .readOnly
            description = "\(path) cannot be written: the disk or the file is read-only"
        case .SQLITE_CANTOPEN:
            kind = .closed
            description =
                "\(path) or a file beside it cannot be opened: too many files are open, or the disk is read-only"
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            kind = .damaged
            description = "the database \(path) is damaged; \(Self.wayBack(path))"
        case .SQLITE_IOERR:
            kind = .failing
            description =
                "the disk fails on \(path): \(error.message ?? "input/output error") (\(error.extendedResultCode))"
        default: return nil
        }
    }

    /// What an operator does about a damaged database.
    static func wayBack(_ path: String) -> String {
        let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        return
            "stop the server and bring back a backup with `slipway restore FILE --replace --data-dir \(directory)`, or move the file away to start anew"
    }

    /// For clients: holds no path.
    public var publicMessage: String {
        switch kind {
        case .full: "The server's disk is full. Nothing was changed; try again when there is space."
        case .readOnly: "The server's disk is read-only. Nothing was changed."
        case .closed:
            "The server cannot open its database now: too many files are open, or the disk is read-only. Nothing was changed."
        case .damaged: "The server's database is damaged. Its log names the file and the way back."
        case .failing: "The server's disk fails. Nothing was changed."
        }
    }
}
