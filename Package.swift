// swift-tools-version: 6.1
// The targets and the only arrows allowed between them; ARCHITECTURE.md explains each.
import PackageDescription

let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let asyncHTTPClient: Target.Dependency = .product(
    name: "AsyncHTTPClient", package: "async-http-client")
let lifecycle: Target.Dependency = .product(
    name: "ServiceLifecycle", package: "swift-service-lifecycle")

/// The data plane's classes are each used by one thread; debug builds, and so the tests, check every access.
let uncheckedInRelease: [SwiftSetting] = [
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))
]

/// The simulator and most of what it runs, optimized also in a debug build (`scripts/simulate.sh`): many more worlds in the same
/// time, without a release build of every dependency.
let isSimulator = Context.environment["SLIPWAY_SIMULATOR"] != nil

/// Bugs that the simulator must find (`PlantedBug`): in debug builds, and in optimized ones of the simulator alone.
let simulated: [SwiftSetting] =
    [.define("PLANTED_BUGS", .when(configuration: .debug))]
    + (isSimulator
        ? [.define("PLANTED_BUGS"), .unsafeFlags(["-O"], .when(configuration: .debug))] : [])

let package = Package(
    name: "slipway",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "slipway", targets: ["slipway"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .target(name: "SlipwayAPI"),
        .target(name: "SlipwayCore", swiftSettings: simulated),
        .target(name: "SlipwayGraphQL"),
        .target(name: "SlipwayBlobs", dependencies: [crypto]),
        .target(name: "SlipwayPrometheus"),
        .target(name: "SlipwayBLAKE3"),
        .target(name: "SlipwayThreads"),
        // Linked into the program, which needs no package of its own to run.
        .target(name: "CSlipwayRE2", linkerSettings: [.linkedLibrary(":libre2.a")]),
        .target(
            name: "SlipwayLogs", dependencies: ["CSlipwayRE2", "SlipwayCore", "SlipwayThreads"],
            swiftSettings: simulated),
        .target(
            name: "SlipwayStore",
            dependencies: ["SlipwayCore", .product(name: "GRDB", package: "GRDB.swift")],
            swiftSettings: simulated),
        .target(
            name: "SlipwayTruss", dependencies: ["SlipwayBLAKE3", "SlipwayCore", "SlipwayThreads", yams]),
        .target(name: "CSlipwayLinux"),
        .target(name: "SlipwayEngine", dependencies: ["SlipwayCore"], swiftSettings: simulated),
        .target(
            name: "SlipwayLocalEngine",
            dependencies: [
                "CSlipwayLinux", "SlipwayEngine", "SlipwaySockets", "SlipwayTruss", "SlipwayLogs",
                "SlipwayThreads", crypto, logging, nioCore, nioPosix,
            ]),
        .target(name: "CSlipwaySockets"),
        .target(
            name: "SlipwaySockets",
            dependencies: [
                "CSlipwaySockets", "SlipwayCore", .product(name: "HeapModule", package: "swift-collections"),
            ],
            swiftSettings: uncheckedInRelease),
        .target(
            name: "SlipwayGateway",
            dependencies: [
                "SlipwayCore", "SlipwaySockets", crypto, logging,
                .product(name: "HashTreeCollections", package: "swift-collections"),
            ],
            swiftSettings: uncheckedInRelease),
        .target(
            name: "SlipwayEdge",
            dependencies: [
                "SlipwayGateway", "SlipwaySockets", logging, nioCore, nioPosix, nioHTTP1,
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOTLS", package: "swift-nio"),
            ]),
        .target(
            name: "SlipwayControl",
            dependencies: [
                "SlipwayAPI", "SlipwayCore", "SlipwayStore", "SlipwayEngine", "SlipwayGateway",
                "SlipwayLogs", "SlipwayPrometheus", "SlipwaySockets", "SlipwayTruss", asyncHTTPClient, crypto,
                logging, nioCore, nioHTTP1, nioPosix,
            ], swiftSettings: simulated),
        // The style sheet and the scripts of the dashboard; C23's #embed reads them.
        .target(name: "CSlipwayAssets", exclude: ["files"], cSettings: [.headerSearchPath(".")]),
        .target(
            name: "SlipwayDashboard",
            dependencies: [
                "CSlipwayAssets", "SlipwayAPI", "SlipwayControl", "SlipwayCore", "SlipwayEngine",
                "SlipwayLogs",
                asyncHTTPClient, crypto, hummingbird, logging, nioCore,
                .product(name: "HTTPTypes", package: "swift-http-types"),
            ]),
        .target(
            name: "SlipwayServer",
            dependencies: [
                "SlipwayControl", "SlipwayCore", "SlipwayDashboard", "SlipwayLogs", "SlipwayAPI",
                "SlipwayGraphQL",
                "SlipwayBlobs", "SlipwayPrometheus", "SlipwayTruss", hummingbird, lifecycle, logging, nioCore,
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
            ]),
        .target(
            name: "SlipwayCLI",
            dependencies: [
                "SlipwayAPI", "SlipwayBLAKE3", "SlipwayTruss", asyncHTTPClient, nioCore, nioPosix, yams,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .executableTarget(
            name: "slipway",
            dependencies: [
                "CSlipwayLinux", "SlipwayCLI", "SlipwayServer", "SlipwayControl", "SlipwayEdge",
                "SlipwayStore",
                "SlipwayGateway",
                "SlipwayBlobs",
                "SlipwayLogs", "SlipwayAPI", "SlipwayLocalEngine", "SlipwaySockets", "SlipwayThreads",
                "SlipwayTruss", asyncHTTPClient, crypto,
                lifecycle, logging, nioCore, nioPosix, yams,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .target(
            name: "SlipwaySimulation",
            dependencies: [
                "SlipwayControl", "SlipwayCore", "SlipwayEngine", "SlipwayGateway", "SlipwayLogs",
                "SlipwayStore", "SlipwayTruss", asyncHTTPClient, logging, nioCore, nioHTTP1,
                .product(name: "HeapModule", package: "swift-collections"),
            ], swiftSettings: simulated),
        .executableTarget(
            name: "slipway-sim",
            dependencies: [
                "SlipwayCore", "SlipwaySimulation",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: simulated),
        .executableTarget(
            name: "autoscaling-simulation", dependencies: ["SlipwayCore"],
            path: "Benchmarks/autoscaling/Simulation"),
        .executableTarget(
            name: "gateway-host", dependencies: ["SlipwayCore", "SlipwayGateway", logging],
            path: "Benchmarks/gateway/Host"),
        .testTarget(name: "SlipwayAPITests", dependencies: ["SlipwayAPI"]),
        .testTarget(name: "SlipwayCoreTests", dependencies: ["SlipwayCore"]),
        .testTarget(name: "SlipwayGraphQLTests", dependencies: ["SlipwayGraphQL"]),
        .testTarget(name: "SlipwayBlobsTests", dependencies: ["SlipwayBlobs"]),
        .testTarget(name: "SlipwayBLAKE3Tests", dependencies: ["SlipwayBLAKE3"]),
        .testTarget(name: "SlipwayPrometheusTests", dependencies: ["SlipwayPrometheus"]),
        .testTarget(name: "SlipwayThreadsTests", dependencies: ["SlipwayThreads"]),
        .testTarget(name: "SlipwayLogsTests", dependencies: ["SlipwayLogs"]),
        .testTarget(
            name: "SlipwayStoreTests",
            dependencies: ["SlipwayStore", .product(name: "GRDB", package: "GRDB.swift")]),
        .testTarget(name: "SlipwayTrussTests", dependencies: ["SlipwayBLAKE3", "SlipwayTruss"]),
        .testTarget(name: "SlipwayLocalEngineTests", dependencies: ["SlipwayLocalEngine", "SlipwaySockets"]),
        .testTarget(name: "SlipwaySocketsTests", dependencies: ["SlipwaySockets"]),
        .testTarget(
            name: "SlipwayEdgeTests",
            dependencies: ["SlipwayEdge", .product(name: "NIOHPACK", package: "swift-nio-http2")]),
        .testTarget(
            name: "SlipwayGatewayTests",
            dependencies: ["SlipwayGateway", "SlipwaySockets", asyncHTTPClient, nioCore, nioPosix, nioHTTP1]),
        .testTarget(name: "SlipwayCLITests", dependencies: ["SlipwayCLI", "SlipwayAPI", "slipway", yams]),
        .target(
            name: "SlipwayTestSupport", dependencies: ["SlipwayCore", "SlipwayEngine"], path: "Tests/Support"),
        .testTarget(
            name: "SlipwayControlTests",
            dependencies: [
                "SlipwayControl", "SlipwayCore", "SlipwayEngine", "SlipwayGateway", "SlipwayLogs",
                "SlipwayStore", "SlipwayTestSupport", asyncHTTPClient, crypto, logging, nioCore,
            ]),
        .testTarget(
            name: "SlipwayDashboardTests",
            dependencies: [
                "SlipwayDashboard", "SlipwayControl", "SlipwayCore", "SlipwayEngine", "SlipwayGateway",
                "SlipwayLogs", "SlipwayStore", "SlipwayTestSupport", hummingbird, logging, nioCore,
            ]),
        .testTarget(
            name: "SlipwayServerTests",
            dependencies: [
                "SlipwayServer", "SlipwayAPI", "SlipwayBlobs", "SlipwayControl", "SlipwayCore",
                "SlipwayEngine", "SlipwayGateway", "SlipwayLogs", "SlipwayStore", "SlipwayTestSupport",
                crypto, logging, nioCore, nioPosix, nioHTTP1,
            ]),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .gnu2x
)
