// Requests that wait for a replica, first come first served per deployment; shared by all event loops. Only
// requests that wait come here.

import SlipwayCore
import SlipwaySockets
import Synchronization

final class Parking: Sendable {
    /// A held request's place. Its owner takes it out, or it is called out; never both.
    struct Ticket: Sendable {
        fileprivate var number: UInt64
        fileprivate var deployment: DeploymentID
    }

    private struct Place {
        var number: UInt64
        var query: RouteQuery
        var shared: SharedLoad
        var thread: ReactorThread
        var resume: @Sendable () -> Void

        func callOut() {
            shared.called.add(1, ordering: .sequentiallyConsistent)
            thread.submit { _ in
                shared.called.subtract(1, ordering: .sequentiallyConsistent)
                resume()
            }
        }
    }

    private struct Lot {
        var places: [DeploymentID: [Place]] = [:]
        var lastNumber: UInt64 = 0
        var count = 0
    }

    private let lot = Mutex(Lot())

    /// Requests that wait, over all deployments.
    var count: Int { lot.withLock { $0.count } }

    /// Those for which requests wait.
    var deployments: Set<DeploymentID> { lot.withLock { Set($0.places.keys) } }

    /// Takes the last place of the deployment's queue, or the place it had before. `resume` is run on `thread`, at
    /// most once.
    func enter(
        _ deployment: DeploymentID, _ shared: SharedLoad, again earlier: Ticket?, for query: RouteQuery,
        on thread: ReactorThread, resume: @escaping @Sendable () -> Void
    ) -> Ticket {
        lot.withLock { lot in
            lot.lastNumber += 1
            let number = earlier?.number ?? lot.lastNumber
            let place = Place(
                number: number, query: query, shared: shared, thread: thread, resume: resume)
            let queue = lot.places[deployment, default: []]
            let index = earlier == nil ? queue.count : queue.firstIndex { $0.number > number } ?? queue.count
            lot.places[deployment, default: []].insert(place, at: index)
            lot.count += 1
            return Ticket(number: number, deployment: deployment)
        }
    }

    /// Gives the place up; false when the request has been called out already.
    func leave(_ ticket: Ticket) -> Bool {
        lot.withLock { lot in
            guard var queue = lot.places.removeValue(forKey: ticket.deployment) else { return false }
            defer { if !queue.isEmpty { lot.places[ticket.deployment] = queue } }
            guard let index = queue.firstIndex(where: { $0.number == ticket.number }) else { return false }
            queue.remove(at: index)
            lot.count -= 1
            return true
        }
    }

    /// 1 for the next to go; nil when the request has been called out.
    func position(of ticket: Ticket) -> Int? {
        lot.withLock { lot in
            lot.places[ticket.deployment]?.firstIndex { $0.number == ticket.number }.map { $0 + 1 }
        }
    }

    /// Calls the first out, since a replica has room again.
    func callNext(_ deployment: DeploymentID) {
        let next = lot.withLock { lot -> Place? in
            guard var queue = lot.places.removeValue(forKey: deployment), !queue.isEmpty else { return nil }
            let first = queue.removeFirst()
            lot.count -= 1
            if !queue.isEmpty { lot.places[deployment] = queue }
            return first
        }
        next?.callOut()
    }

    /// Calls out, in order, every request for which the table changes something: there is room at a replica, the
    /// deployment is refused or gone, or the target names another deployment by now.
    func callOut(with snapshot: TableSnapshot) {
        let leaving = lot.withLock { lot in
            var leaving: [Place] = []
            for (deployment, queue) in lot.places {
                var room = snapshot.served[deployment]?.room ?? 0
                let isOpen = snapshot.table.deployments[deployment]?.availability == .open
                var staying: [Place] = []
                for place in queue {
                    let remains = isOpen && (try? snapshot.table.resolve(place.query)) == deployment
                    if remains, room == 0 {
                        staying.append(place)
                    } else {
                        if remains { room -= 1 }
                        leaving.append(place)
                    }
                }
                guard staying.count < queue.count else { continue }
                lot.count -= queue.count - staying.count
                lot.places[deployment] = staying.isEmpty ? nil : staying
            }
            return leaving
        }
        for place in leaving { place.callOut() }
    }
}
