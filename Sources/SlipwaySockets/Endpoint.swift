// Where a socket listens or is to be connected: an IP address with a port, or a path.

import Glibc

public enum Endpoint: Hashable, Sendable, CustomStringConvertible {
    /// `address` is numeric, IPv4 or IPv6 without brackets.
    case internet(address: String, port: Int)
    /// A Unix domain socket.
    case path(String)
    /// Port of 127.0.0.1 as the processes of another network namespace see it.
    case inside(NetworkNamespace, port: Int)

    public var port: Int? {
        switch self {
        case .internet(_, let port), .inside(_, let port): port
        case .path: nil
        }
    }

    /// Whether `text` is a numeric IPv4 or IPv6 address.
    public static func isAddress(_ text: String) -> Bool {
        (try? Endpoint.internet(address: text, port: 0).withSocketAddress { _, _ in }) != nil
    }

    /// Whether it is an address that was asked for in this way.
    /// - Parameter port: 0 for any.
    public func isAt(_ address: String, _ port: Int) -> Bool {
        guard case .internet(let mine, let myPort) = self else { return false }
        return mine == address && (port == 0 || port == myPort)
    }

    public var description: String {
        switch self {
        case .internet(let address, let port):
            address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
        case .path(let path): path
        case .inside(_, let port): "127.0.0.1:\(port) of another network"
        }
    }

    /// A non-blocking stream socket that can be connected to it.
    /// - Throws: `SystemError`; of `inside` also when the namespace is gone.
    func makeSocket() throws -> Int32 {
        if case .inside(let namespace, _) = self { return try namespace.socket(family: family) }
        let flags = Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let file = socket(family, Int32(SOCK_STREAM.rawValue) | flags, 0)
        guard file >= 0 else { throw SystemError("socket") }
        return file
    }

    var family: Int32 {
        switch self {
        case .internet(let address, _): address.contains(":") ? AF_INET6 : AF_INET
        case .path: AF_UNIX
        case .inside: AF_INET
        }
    }

    /// Calls `body` with the system's form. Throws EINVAL when the address is not numeric or the path too long.
    package func withSocketAddress<Result>(
        _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Result
    ) throws -> Result {
        var storage = sockaddr_storage()
        let length = try withUnsafeMutableBytes(of: &storage) { try fill($0) }
        return try withUnsafePointer(to: &storage) {
            try $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { try body($0, socklen_t(length)) }
        }
    }

    private func fill(_ storage: UnsafeMutableRawBufferPointer) throws -> Int {
        switch self {
        case .internet(let text, let port):
            guard let port = UInt16(exactly: port) else { throw SystemError("port", number: EINVAL) }
            if family == AF_INET6 {
                var address = sockaddr_in6()
                address.sin6_family = sa_family_t(AF_INET6)
                address.sin6_port = port.bigEndian
                guard inet_pton(AF_INET6, text, &address.sin6_addr) == 1 else {
                    throw SystemError("address \(text)", number: EINVAL)
                }
                storage.storeBytes(of: address, as: sockaddr_in6.self)
                return MemoryLayout<sockaddr_in6>.size
            }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            guard inet_pton(AF_INET, text, &address.sin_addr) == 1 else {
                throw SystemError("address \(text)", number: EINVAL)
            }
            storage.storeBytes(of: address, as: sockaddr_in.self)
            return MemoryLayout<sockaddr_in>.size
        case .inside(_, let port):
            return try Endpoint.internet(address: "127.0.0.1", port: port).fill(storage)
        case .path(let path):
            let room = MemoryLayout<sockaddr_un>.size - MemoryLayout<sa_family_t>.size
            guard path.utf8.count < room else { throw SystemError("path", number: ENAMETOOLONG) }
            storage.storeBytes(of: sa_family_t(AF_UNIX), as: sa_family_t.self)
            UnsafeMutableRawBufferPointer(rebasing: storage[MemoryLayout<sa_family_t>.size...])
                .copyBytes(from: path.utf8)
            return MemoryLayout<sockaddr_un>.size
        }
    }

    /// nil for kinds of sockets that are not known here.
    init?(_ storage: sockaddr_storage) {
        var storage = storage
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let port: UInt16
        switch Int32(storage.ss_family) {
        case AF_INET:
            port = withUnsafeBytes(of: &storage) {
                var address = $0.loadUnaligned(as: sockaddr_in.self)
                inet_ntop(AF_INET, &address.sin_addr, &text, socklen_t(INET6_ADDRSTRLEN))
                return address.sin_port
            }
        case AF_INET6:
            port = withUnsafeBytes(of: &storage) {
                var address = $0.loadUnaligned(as: sockaddr_in6.self)
                inet_ntop(AF_INET6, &address.sin6_addr, &text, socklen_t(INET6_ADDRSTRLEN))
                return address.sin6_port
            }
        default: return nil
        }
        let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        self = .internet(address: String(decoding: bytes, as: UTF8.self), port: Int(UInt16(bigEndian: port)))
    }
}
