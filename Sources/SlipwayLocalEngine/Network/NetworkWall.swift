// Walls that tests take away, to see that an attack then succeeds. In release builds all of them stand.

import Foundation

enum NetworkWall: String {
    /// Each replica has a network of its own.
    case network
    /// Replicas with a way out reach no address of this machine and no metadata service.
    case addresses
    /// An allow-list of addresses is all that is reached.
    case restrictions

    #if DEBUG
        /// Named, with others, in the environment of the server.
        var isRemoved: Bool { Self.removed.contains(rawValue) }

        private static let removed = Set(
            (ProcessInfo.processInfo.environment["SLIPWAY_TEST_WITHOUT_WALLS"] ?? "").split(separator: ",")
                .map(String.init))
    #else
        var isRemoved: Bool { false }
    #endif
}
