// Why a call to an address that a user gave failed, in words for that user. What libraries say of their errors holds
// paths of the machine that built this program, and nothing anybody can act on.

import AsyncHTTPClient
import Glibc
import NIOCore
import NIOPosix

enum CallProblem {
    static func text(of error: any Error) -> String {
        switch error {
        case let error as ResolverError: error.description
        case let error as HTTPClientError: error.shortDescription
        case let error as IOError: String(cString: strerror(error.errnoCode))
        case let error as NIOConnectionError:
            error.connectionErrors.first.map { text(of: $0.error) } ?? "no connection"
        case is CancellationError: "it was given up"
        case _ where String(reflecting: type(of: error)).hasPrefix("NIOSSL"): "TLS could not be agreed on"
        default: "no connection"
        }
    }
}
