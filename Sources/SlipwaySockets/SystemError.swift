// An error number of the operating system with the call that gave it.

import Glibc

public struct SystemError: Error, Equatable, CustomStringConvertible {
    /// The value of `errno`, for example ECONNREFUSED.
    public var number: Int32
    /// The call that failed.
    public var call: String

    public init(_ call: String, number: Int32 = errno) {
        self.call = call
        self.number = number
    }

    /// Whether this process or machine has run out of something, so that the other side has no part in it.
    public var isShortage: Bool { [EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL].contains(number) }

    public var description: String { "\(call): \(String(cString: strerror(number)))" }
}
