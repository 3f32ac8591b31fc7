// One port on several addresses, as on both addresses of loopback.

import Glibc

extension BoundSocket {
    /// Ports the system chooses for the first address until one is free on the others too.
    private static let maxChoices = 20

    /// Listens at a port of every address; of `inherited` sockets those that fit are used, the others closed.
    ///
    /// An address that this machine does not have is left out if another one can be had: machines without IPv6 have no
    /// ::1.
    ///
    /// - Parameter port: 0 takes any free one, the same on all addresses.
    /// - Returns: the sockets, at least one; there may be several of one address among the inherited ones.
    /// - Throws: `SystemError`; EADDRINUSE if anything listens at one of the addresses. All sockets are closed then.
    public static func all(
        _ hosts: [String], port: Int, inheriting inherited: [BoundSocket] = []
    ) throws -> [BoundSocket] {
        var bound = inherited.filter { one in hosts.contains { one.endpoint.isAt($0, port) } }
        for one in inherited where !bound.contains(where: { $0.file == one.file }) { one.close() }
        let missing = hosts.filter { host in !bound.contains { $0.endpoint.isAt(host, 0) } }
        do {
            bound += try bind(missing, port: bound.first?.endpoint.port ?? port)
        } catch {
            for one in bound { one.close() }
            throw error
        }
        guard !bound.isEmpty else { throw SystemError("bind", number: EADDRNOTAVAIL) }
        return bound
    }

    private static func bind(_ hosts: [String], port: Int) throws -> [BoundSocket] {
        for choice in 1...maxChoices {
            var bound: [BoundSocket] = []
            do {
                for host in hosts {
                    let endpoint = Endpoint.internet(address: host, port: bound.first?.endpoint.port ?? port)
                    do {
                        bound.append(try BoundSocket(endpoint))
                    } catch let error as SystemError
                        where hosts.count > 1 && [EADDRNOTAVAIL, EAFNOSUPPORT].contains(error.number)
                    {
                        continue
                    }
                }
                return bound
            } catch let error as SystemError {
                for one in bound { one.close() }
                guard port == 0, error.number == EADDRINUSE, choice < maxChoices else { throw error }
            }
        }
        return []
    }
}
