// How a replica's address is connected to.

import SlipwayCore
import SlipwaySockets

extension Endpoint {
    public init(_ replica: ReplicaEndpoint) {
        if let owner = replica.network {
            self = .inside(.of(pid: owner.pid, startTime: owner.startTime), port: replica.port)
        } else {
            self = .internet(address: replica.host, port: replica.port)
        }
    }
}
