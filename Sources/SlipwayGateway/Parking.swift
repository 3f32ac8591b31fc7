// Requests that wait for a replica, first come first served per deployment; shared by all event loops.

import NIOCore
import SlipwayCore
import Synchronization

final class Parking: Sendable {
    /// A held request's place. Its owner takes it out, or a published table does; never both.
    struct Ticket: Sendable {
        fileprivate var number: UInt64
        fileprivate var deployment: DeploymentID
    }

    private struct Place {
        var number: UInt64
        var query: RouteQuery
        var eventLoop: any EventLoop
        var resume: @Sendable () -> Void
    }

    private struct Lot {
        var places: [DeploymentID: [Place]] = [:]
        var lastNumber: UInt64 = 0
    }

    private let lot = Mutex(Lot())

    /// Takes the last place of the deployment's queue. `resume` is run on `eventLoop`, at most once.
    func enter(
        _ deployment: DeploymentID, for query: RouteQuery, on eventLoop: any EventLoop,
        resume: @escaping @Sendable () -> Void
    ) -> Ticket {
        lot.withLock { lot in
            lot.lastNumber += 1
            lot.places[deployment, default: []].append(
                Place(
                    number: lot.lastNumber, query: query, eventLoop: eventLoop, resume: resume))
            return Ticket(number: lot.lastNumber, deployment: deployment)
        }
    }

    /// Gives the place up; false when a table has already called the request out.
    func leave(_ ticket: Ticket) -> Bool {
        lot.withLock { lot in
            guard var queue = lot.places[ticket.deployment],
                let index = queue.firstIndex(where: { $0.number == ticket.number })
            else { return false }
            queue.remove(at: index)
            lot.places[ticket.deployment] = queue.isEmpty ? nil : queue
            return true
        }
    }

    /// Calls out, in order, every request for which `table` changes something: a replica is there, the
    /// deployment is refused or gone, or the target names another deployment by now.
    func callOut(with table: RoutingTable) {
        let leaving = lot.withLock { lot in
            var leaving: [Place] = []
            for (deployment, queue) in lot.places {
                let waits = table.deployments[deployment].map(\.mustWait) ?? false
                let staying = queue.filter { place in
                    waits && (try? table.resolve(place.query)) == deployment
                }
                if staying.count == queue.count { continue }
                let kept = Set(staying.map(\.number))
                leaving += queue.filter { !kept.contains($0.number) }
                lot.places[deployment] = staying.isEmpty ? nil : staying
            }
            return leaving
        }
        for place in leaving { place.eventLoop.execute(place.resume) }
    }
}

extension DeploymentRoute {
    /// Open, but nobody is there to answer.
    var mustWait: Bool { availability == .open && replicas.isEmpty }
}
