// The gateway alone, as the benchmarks load it: one model with replicas among many without any. The controller's
// place is taken by one published table. Prints `listening PORT` and runs until its input ends; for each line
// `publish` it publishes the table again and prints how many nanoseconds that took of an event loop.

import Logging
import SlipwayCore
import SlipwayGateway

struct NobodyListens: DemandObserver {
    func demand(for deployment: DeploymentID) {}
    func connectionFailed(replica: ReplicaID, of deployment: DeploymentID) {}
    func log(_ entry: LogEntry, of deployment: DeploymentID) {}
}

let options = try Options(Array(CommandLine.arguments.dropFirst()))
var configuration = GatewayConfiguration(
    port: 0, managementUpstream: .path("/nonexistent"))
configuration.eventLoops = options.loops
if let seconds = options.headTimeout { configuration.headTimeout = .seconds(seconds) }
if let seconds = options.idleTimeout { configuration.clientIdleTimeout = .seconds(seconds) }
let gateway = Gateway(
    configuration: configuration, observer: NobodyListens(), logger: Logger(label: "gateway"), now: wallClock)
gateway.publish(options.table())
let addresses = try await gateway.start()
say("listening \(addresses.main.port ?? 0)")
while let line = readLine() {
    guard line == "publish" else { continue }
    gateway.publish(options.table())
    say("published \(await gateway.longestRefresh())")
}
