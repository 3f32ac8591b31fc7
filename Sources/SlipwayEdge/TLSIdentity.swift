// The certificate and key that TLS connections are served with, read again when their files change.

import FoundationEssentials
import Glibc
import Logging
import NIOSSL
import Synchronization

/// Where the certificate chain and its key are, in PEM.
public struct TLSFiles: Sendable, Equatable {
    public var certificate: String
    public var key: String

    public init(certificate: String, key: String) {
        self.certificate = certificate
        self.key = key
    }
}

final class TLSIdentity: Sendable {
    /// Nanoseconds between two looks at the files.
    private static let interval: UInt64 = 1_000_000_000

    private struct State {
        var context: NIOSSLContext
        var versions: [FileVersion]
        var looked: UInt64
    }

    /// Tells a file from an earlier one of the same name.
    private struct FileVersion: Equatable {
        var inode: UInt64
        var seconds: Int
        var nanoseconds: Int
        var size: Int
    }

    private let files: TLSFiles
    private let logger: Logger
    private let state: Mutex<State>

    /// Throws when the files cannot be read or do not fit together.
    init(_ files: TLSFiles, logger: Logger) throws {
        self.files = files
        self.logger = logger
        state = Mutex(
            State(context: try Self.load(files), versions: Self.versions(of: files), looked: Self.now))
    }

    /// What new connections are served with. Files that do not fit together leave the earlier ones in use: they
    /// may be in the middle of being replaced.
    var context: NIOSSLContext {
        let now = Self.now
        return state.withLock { state in
            guard now >= state.looked + Self.interval else { return state.context }
            state.looked = now
            let versions = Self.versions(of: files)
            guard versions != state.versions else { return state.context }
            do {
                state.context = try Self.load(files)
                state.versions = versions
                logger.info("certificate read again", metadata: ["file": "\(files.certificate)"])
            } catch {
                logger.warning(
                    "certificate not usable, the earlier one stays", metadata: ["error": "\(error)"])
            }
            return state.context
        }
    }

    private static func load(_ files: TLSFiles) throws -> NIOSSLContext {
        let chain = try NIOSSLCertificate.fromPEMFile(files.certificate).map(
            NIOSSLCertificateSource.certificate)
        let key = try NIOSSLPrivateKey(file: files.key, format: .pem)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["h2", "http/1.1"]
        return try NIOSSLContext(configuration: configuration)
    }

    private static func versions(of files: TLSFiles) -> [FileVersion] {
        [files.certificate, files.key].map { path in
            var status = stat()
            guard stat(path, &status) == 0 else {
                return FileVersion(inode: 0, seconds: 0, nanoseconds: 0, size: 0)
            }
            return FileVersion(
                inode: UInt64(status.st_ino), seconds: status.st_mtim.tv_sec,
                nanoseconds: status.st_mtim.tv_nsec, size: Int(status.st_size))
        }
    }

    private static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
