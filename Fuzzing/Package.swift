// swift-tools-version: 6.1
// Fuzz targets on the parsers that read what strangers send. Built by scripts/fuzz.sh, which turns the sanitizers
// on: each product is a library with one `LLVMFuzzerTestOneInput`, linked with libFuzzer's main there.
import PackageDescription

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")

func fuzz(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: "fuzz-\(name)", dependencies: dependencies, path: "Targets/\(name)")
}

let targets = [
    fuzz("archive", ["SlipwayTruss"]),
    fuzz("config", ["SlipwayTruss"]),
    fuzz("graphql", ["SlipwayGraphQL"]),
    fuzz("http", ["SlipwayGateway"]),
    fuzz("names", ["SlipwayGateway", "SlipwayBlobs"]),
    fuzz("s3chunks", ["SlipwayBlobs", crypto]),
]

let package = Package(
    name: "slipway-fuzzing",
    platforms: [.macOS(.v15)],
    products: targets.map { .library(name: $0.name, type: .static, targets: [$0.name]) },
    dependencies: [
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    // The sources of the product itself; `Sources` here is a link to them.
    targets: [
        .target(name: "SlipwayCore"),
        .target(name: "SlipwayGraphQL"),
        .target(name: "SlipwayBLAKE3"),
        .target(name: "SlipwayBlobs", dependencies: [crypto]),
        .target(
            name: "SlipwayTruss",
            dependencies: ["SlipwayBLAKE3", "SlipwayCore", .product(name: "Yams", package: "Yams")]),
        .target(name: "CSlipwaySockets"),
        .target(
            name: "SlipwaySockets",
            dependencies: ["CSlipwaySockets", .product(name: "HeapModule", package: "swift-collections")]),
        .target(
            name: "SlipwayGateway",
            dependencies: [
                "SlipwayCore", "SlipwaySockets", crypto, .product(name: "Logging", package: "swift-log"),
            ]),
    ] + targets,
    swiftLanguageModes: [.v6]
)
