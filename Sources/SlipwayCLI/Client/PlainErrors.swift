// Errors of the libraries below, said in one sentence.

import AsyncHTTPClient
import Foundation
import NIOCore

extension CommandFailure {
    /// Of a call that got no answer.
    /// - Parameter place: what the user calls the server.
    init(connection error: any Error, place: String) {
        switch error {
        case let error as HTTPClientError where Self.isTimeout(error):
            self.init("\(place) did not answer in time.", code: .timedOut)
        case let error as HTTPClientError:
            self.init("\(place) cannot be called: \(error.shortDescription).")
        case let error as IOError:
            self.init("The connection to \(place) failed: \(String(cString: strerror(error.errnoCode))).")
        default:
            let isTLS = "\(type(of: error))".contains("SSL")
            self.init("\(place) cannot be called: \(isTLS ? "no TLS connection" : "it does not speak HTTP").")
        }
    }

    /// Of an answer that had begun.
    init(answer error: any Error, place: String) {
        switch error {
        case let error as HTTPClientError where Self.isTimeout(error):
            self.init("The answer of \(place) did not end in time.", code: .timedOut)
        case let error as NIOTooManyBytesError:
            let limit = error.maxBytes.map { ": more than \($0 >> 20) MiB" } ?? ""
            self.init("The answer of \(place) is too large\(limit).")
        default: self.init("\(place) closed the connection before its answer was whole.")
        }
    }

    private static func isTimeout(_ error: HTTPClientError) -> Bool {
        [.deadlineExceeded, .readTimeout, .writeTimeout, .connectTimeout].contains(error)
    }

    /// An error of the file system as a sentence; nil for any other.
    init?(file error: any Error) {
        let error = error as NSError
        guard [NSCocoaErrorDomain, NSPOSIXErrorDomain].contains(error.domain) else { return nil }
        let path =
            error.userInfo[NSFilePathErrorKey] as? String ?? (error.userInfo[NSURLErrorKey] as? URL)?.path
        self.init("\(path ?? "A file") cannot be read or written\(Self.reason(error)).")
    }

    private static func reason(_ error: NSError) -> String {
        let cause = error.userInfo[NSUnderlyingErrorKey] as? NSError ?? error
        guard cause.domain == NSPOSIXErrorDomain else { return "" }
        return ": \(String(cString: strerror(Int32(truncatingIfNeeded: cause.code))))"
    }
}
