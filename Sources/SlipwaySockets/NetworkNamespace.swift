// The network of another process, entered only to make sockets in it: whoever holds the socket talks as if it were
// inside, at no cost per byte.

import CSlipwaySockets
import Glibc
import Synchronization

/// The network namespace of a process. It is opened at the first use and kept open as long as this object lives.
public final class NetworkNamespace: Sendable {
    /// A process, told from later ones with the same pid by when it started.
    private struct Process: Hashable {
        var pid: Int32
        var startTime: UInt64
    }

    /// nil for one that no process has been in yet.
    private let process: Process?
    private let files: Mutex<Files?>

    private struct Files {
        var network: Int32
        /// The user namespace that owns it; -1 for this process's own.
        var user: Int32
    }

    private struct Weak { weak var object: NetworkNamespace? }
    /// Those in use, so that all parts of this process share two files per namespace.
    private static let known = Mutex<[Process: Weak]>([:])

    private init(_ process: Process) {
        self.process = process
        files = Mutex(nil)
    }

    /// The namespace of an open file, which this object owns from now on.
    public init(owning file: Int32) {
        process = nil
        files = Mutex(Files(network: file, user: -1))
    }

    deinit {
        files.withLock { files in
            guard let files else { return }
            Glibc.close(files.network)
            if files.user >= 0 { Glibc.close(files.user) }
        }
        guard let process else { return }
        Self.known.withLock { known in
            if known[process]?.object == nil { known[process] = nil }
        }
    }

    /// The open file; nil before the first use.
    public var file: Int32? { files.withLock { $0?.network } }

    /// The namespace that a process is in.
    /// - Parameter startTime: of the process: field 22 of /proc/PID/stat.
    public static func of(pid: Int32, startTime: UInt64) -> NetworkNamespace {
        let process = Process(pid: pid, startTime: startTime)
        return known.withLock { known in
            if let object = known[process]?.object { return object }
            let made = NetworkNamespace(process)
            known[process] = Weak(object: made)
            return made
        }
    }

    /// A non-blocking TCP socket in it. Takes some 30 microseconds of the calling thread.
    /// - Throws: `SystemError`; ESRCH when the process ended before the namespace was ever opened.
    func socket(family: Int32) throws -> Int32 {
        try use("socket") { slipway_socket_in($0.network, $0.user, family) }
    }

    /// A TCP socket in it that listens.
    /// - Throws: `SystemError`, as `socket` does or as bind(2) and listen(2) do.
    public func listen(at endpoint: Endpoint, backlog: Int32) throws -> BoundSocket {
        let file = try endpoint.withSocketAddress { address, length in
            try use("listen") { slipway_listen_in($0.network, $0.user, address, length, backlog) }
        }
        return try BoundSocket(listening: file)
    }

    /// Opens it now, so that it can be entered after the process has ended too.
    /// - Throws: as `socket` does.
    public func open() throws { try use("open") { _ in 0 } }

    /// Calls `body` with the open namespaces: that of the network, and of the user that owns it or -1.
    /// - Throws: as `socket` does, or what `body` leaves in errno when it returns less than 0.
    @discardableResult
    public func withFiles(_ body: (_ network: Int32, _ user: Int32) -> Int32) throws -> Int32 {
        try use("namespace") { body($0.network, $0.user) }
    }

    @discardableResult
    private func use(_ what: String, _ body: (Files) -> Int32) throws -> Int32 {
        try files.withLock { files in
            let open = try files ?? openFiles()
            files = open
            let file = body(open)
            guard file >= 0 else { throw SystemError(what) }
            return file
        }
    }

    private func openFiles() throws -> Files {
        guard let process else { preconditionFailure("one without a process has its files from the start") }
        let place = "/proc/\(process.pid)/ns/"
        var files = Files(network: Glibc.open(place + "net", O_RDONLY | O_CLOEXEC), user: -1)
        guard files.network >= 0 else { throw Self.error(place) }
        // Root enters namespaces of its own machine as it is.
        if geteuid() != 0 {
            files.user = Glibc.open(place + "user", O_RDONLY | O_CLOEXEC)
            guard files.user >= 0 else {
                let error = Self.error(place)
                Glibc.close(files.network)
                throw error
            }
        }
        // A pid is given away only after its process is gone, so what was opened before this is that process's.
        guard Self.startTime(of: process.pid) == process.startTime else {
            Glibc.close(files.network)
            if files.user >= 0 { Glibc.close(files.user) }
            throw SystemError("namespace of a process that has ended", number: ESRCH)
        }
        return files
    }

    /// No such process is ESRCH, however the kernel says it.
    private static func error(_ place: String) -> SystemError {
        errno == ENOENT ? SystemError(place, number: ESRCH) : SystemError(place)
    }

    private static func startTime(of pid: Int32) -> UInt64? {
        let file = Glibc.open("/proc/\(pid)/stat", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { Glibc.close(file) }
        var bytes = [UInt8](repeating: 0, count: 1024)
        let count = read(file, &bytes, bytes.count)
        guard count > 0 else { return nil }
        // The name of the program, in brackets, may hold anything.
        let text = String(decoding: bytes[..<count], as: UTF8.self)
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        return fields.count > 19 ? UInt64(fields[19]) : nil
    }
}

extension NetworkNamespace: Hashable {
    public static func == (one: NetworkNamespace, other: NetworkNamespace) -> Bool {
        one === other || one.process != nil && one.process == other.process
    }

    public func hash(into hasher: inout Hasher) {
        if let process { hasher.combine(process) } else { hasher.combine(ObjectIdentifier(self)) }
    }
}
