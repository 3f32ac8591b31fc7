// Event-loop-bound. A prediction or a call to a model's own route: finds a replica or waits for one, tries another
// when a connection fails, and keeps the deployment's books.

import NIOCore
import NIOHTTP1
import SlipwayCore

final class PredictionExchange: Exchange {
    private let destination: RouteQuery
    private let request: InferenceCall.Request
    private let requestID: RequestID
    private let mayRetry: Bool
    private let arrived: NIODeadline
    private let description: String

    private var deployment: DeploymentID
    private var replica: ReplicaRoute?
    private var failedReplicas: Set<ReplicaID> = []
    private var attempts = 0
    private var pauses = 0

    private var ticket: Parking.Ticket?
    private var parkTimer: Scheduled<Void>?
    private var predictTimer: Scheduled<Void>?
    private var pauseTimer: Scheduled<Void>?

    private var plane: DataPlane { loop.plane }
    private var limits: GatewayConfiguration { plane.configuration }

    init(
        client: any ExchangeClient, loop: LoopServices, head: HTTPRequestHead, clientAddress: String?,
        destination: RouteQuery, request: InferenceCall.Request, deployment: DeploymentID,
        requestID: RequestID
    ) {
        self.destination = destination
        self.request = request
        self.deployment = deployment
        self.requestID = requestID
        mayRetry = head.headers.first(name: "x-slipway-no-retry") != "1"
        arrived = .now()
        description = head.logDescription
        super.init(
            client: client, loop: loop,
            head: ForwardedHeaders.toReplica(
                head, uri: head.uri, requestID: requestID, client: clientAddress))
    }

    override func start() {
        plane.ledger.began(deployment)
        dispatch()
    }

    // MARK: Finding a replica

    private func dispatch() {
        guard !isOver else { return }
        switch plane.place(deployment, avoiding: failedReplicas) {
        case .replica(let replica, let predictPath):
            self.replica = replica
            head.uri = uri(predictPath: predictPath)
            startPredictTimer()
            trySending(allowIdle: mayRetry)
        case .noReplica:
            failedReplicas = []
            park()
        case .onlyAvoided:
            pause()
        case .refused(let error):
            fail(error)
        }
    }

    private func uri(predictPath: String) -> String {
        switch request.operation {
        case .sync(let uri): uri
        case .predict(let query?) where !predictPath.contains("?"): "\(predictPath)?\(query)"
        case .predict, .wake: predictPath
        }
    }

    private func trySending(allowIdle: Bool) {
        guard let replica else { return }
        attempts += 1
        send(to: UpstreamAddress(replica.endpoint), allowIdle: allowIdle)
    }

    private func releaseReplica() {
        guard let replica else { return }
        self.replica = nil
        plane.ledger.release(replica.replicaID)
    }

    // MARK: Waiting

    private func park() {
        predictTimer?.cancel()
        predictTimer = nil
        guard plane.ledger.tryPark(deployment, limit: limits.maxParkedPerDeployment) else {
            return fail(PlatformErrors.tooManyParked)
        }
        let me = NIOLoopBound(self, eventLoop: loop.eventLoop)
        ticket = plane.parking.enter(
            deployment, for: destination, on: loop.eventLoop
        ) { me.value.calledOut() }
        parkTimer = loop.eventLoop.assumeIsolated().scheduleTask(
            deadline: arrived + limits.parkTimeout.timeAmount
        ) { self.fail(PlatformErrors.parkedTooLong) }
        plane.observer.demand(for: deployment)
        // A table published after the choice and before the ticket would not call this request out.
        let table = plane.table.snapshot.table
        if let route = table.deployments[deployment], route.mustWait,
            (try? table.resolve(destination)) == deployment
        {
            return
        }
        if let ticket, plane.parking.leave(ticket) { calledOut() }
    }

    /// A table changed something for this request; the ticket is used up.
    private func calledOut() {
        guard ticket != nil else { return }
        ticket = nil
        leftParking()
        guard !isOver else { return }
        do {
            let now = try plane.table.snapshot.table.resolve(destination)
            if now != deployment {
                plane.ledger.began(now)
                plane.ledger.moved(from: deployment)
                deployment = now
            }
            dispatch()
        } catch {
            fail(error)
        }
    }

    private func leftParking() {
        parkTimer?.cancel()
        parkTimer = nil
        plane.ledger.unparked(deployment)
    }

    /// Every replica of the table has failed: a while later they are all tried again.
    private func pause() {
        failedReplicas = []
        let grown = (0..<pauses).reduce(limits.firstRetryPause) { pause, _ in
            min(pause * 1.5, limits.longestRetryPause)
        }
        pauses += 1
        pauseTimer = loop.eventLoop.assumeIsolated().scheduleTask(in: grown.timeAmount) { self.dispatch() }
    }

    private func startPredictTimer() {
        guard predictTimer == nil else { return }
        predictTimer = loop.eventLoop.assumeIsolated().scheduleTask(in: limits.predictTimeout.timeAmount) {
            self.fail(PlatformErrors.predictTimeout)
        }
    }

    // MARK: Failures

    override func connectFailed(_ error: any Error) {
        replicaFailed(canTryAnother: mayRetry)
    }

    override func lostBeforeHead(wasStale: Bool, canSendAgain: Bool) {
        if wasStale, mayRetry, canSendAgain, attempts < limits.maxAttempts {
            // The replica closed an idle connection; it has not seen the request.
            return trySending(allowIdle: false)
        }
        replicaFailed(canTryAnother: false)
    }

    private func replicaFailed(canTryAnother: Bool) {
        guard let failed = replica else { return }
        plane.observer.connectionFailed(replica: failed.replicaID, of: deployment)
        releaseReplica()
        guard canTryAnother, attempts < limits.maxAttempts else {
            return fail(PlatformErrors.replicaLost)
        }
        failedReplicas.insert(failed.replicaID)
        dispatch()
    }

    private func fail(_ error: PlatformError) { fail(.error(error, requestID: requestID)) }

    override func requestBody(_ chunk: ByteBuffer) {
        guard body.received + chunk.readableBytes <= limits.maxBodyBytes else {
            return fail(PlatformErrors.bodyTooLarge(limit: limits.maxBodyBytes))
        }
        super.requestBody(chunk)
    }

    // MARK: Answer and end

    override func adapt(_ headers: inout HTTPHeaders) {
        headers.replaceOrAdd(name: "X-Baseten-Request-Id", value: requestID.text)
        headers.remove(name: "x-baseten-model-prediction-attempts")
        if attempts > 1 { headers.add(name: "X-BASETEN-MODEL-PREDICTION-ATTEMPTS", value: "\(attempts)") }
    }

    override func didEnd(_ ending: Ending) {
        predictTimer?.cancel()
        pauseTimer?.cancel()
        let servedBy = replica?.replicaID
        releaseReplica()
        if let ticket {
            _ = plane.parking.leave(ticket)
            self.ticket = nil
            leftParking()
        }
        record(ending)
        switch ending {
        case .complete: return
        case .answered(let answer): log("answered \(answer.status.code): \(answer.body)", servedBy)
        case .clientLeft: log("ended 499: the client closed the connection", servedBy)
        case .broken: log("was cut off: the answer of the replica could not be completed", servedBy)
        }
    }

    private func record(_ ending: Ending) {
        let (status, bytes) =
            switch ending {
            case .complete: (responseStatus?.code ?? 200, responseBytes)
            case .answered(let answer): (answer.status.code, answer.body.utf8.count)
            case .clientLeft: (499, responseBytes)
            // Its head said something else, but what came is not an answer.
            case .broken: (502, responseBytes)
            }
        plane.ledger.ended(deployment, status: Int(status))
        plane.traffic.record(
            EndedRequest(
                kind: RequestKind(status: Int(status), isAsync: false),
                duration: arrived.elapsed(until: .now()),
                firstByte: responseBegan.map(arrived.elapsed(until:)), requestBytes: body.received,
                responseBytes: bytes), of: deployment)
    }

    private func log(_ outcome: String, _ replica: ReplicaID?) {
        plane.logFailure("\(description) \(outcome)", requestID, replica: replica, of: deployment)
    }
}

extension NIODeadline {
    fileprivate func elapsed(until later: NIODeadline) -> Duration {
        .nanoseconds((later - self).nanoseconds)
    }
}
