// A prediction or a call to a model's own route: finds a replica or waits for one, tries another when a connection
// fails, and keeps the deployment's books.

import SlipwayCore
import SlipwaySockets
import Synchronization

final class PredictionExchange: Exchange {
    private let query: RouteQuery
    private let operation: InferenceOperation
    private let requestID: RequestID
    private let mayRetry: Bool
    private let arrived: UInt64

    private var deployment: DeploymentID
    private var book: LoadBook
    private var replica: ServedDeployment.Replica?
    private var served: ServedDeployment?
    private var failedReplicas: Set<ReplicaID> = []
    private var attempts = 0
    private var pauses = 0
    /// Nil where nobody asks for tokens.
    private var meter: TokenMeter?
    private var isInBook = false

    private var ticket: Parking.Ticket?
    private let wantsHint: Bool
    private var reason = Reason.noReplica
    /// What the request's deadline means now.
    private var phase = Phase.starting

    private enum Phase { case starting, parked, pausing, predicting, tunnel }

    private var plane: DataPlane { loop.plane }
    private var limits: GatewayConfiguration { loop.plane.configuration }

    init(
        client: ClientConnection, loop: LoopServices, request: ReceivedRequest, query: RouteQuery,
        operation: InferenceOperation, deployment: DeploymentID, requestID: RequestID
    ) {
        self.query = query
        self.operation = operation
        self.deployment = deployment
        self.requestID = requestID
        book = loop.book(deployment)
        mayRetry = !request.head.forbidsRetry
        arrived = loop.reactor.now
        wantsHint = request.head.wantsQueueHint
        super.init(client: client, loop: loop, request: request)
        body.writeFields { ForwardedHeaders.toReplica(request, requestID: requestID, out: &$0) }
        if loop.snapshot.countingTokens.contains(deployment), carriesText {
            meter = TokenMeter(book.shared.ratios)
        }
    }

    override var isForReplica: Bool { true }
    override var opensTunnel: Bool { operation == .tunnel }

    override func start() {
        book.began(arrived)
        isInBook = true
        if meter != nil { countTokens() }
        dispatch(isNext: false)
    }

    // MARK: Finding a replica

    private func dispatch(isNext: Bool) {
        guard !isOver else { return }
        let placement = loop.place(
            deployment, book: book, avoiding: failedReplicas, isNext: isNext, isLimited: isLimited)
        switch placement {
        case .replica(let replica, let served):
            self.replica = replica
            self.served = served
            if let meter { replica.load.add(tokens: meter.booked) }
            startPrediction()
            trySending(allowIdle: mayRetry && !opensTunnel)
        case .noReplica:
            failedReplicas = []
            park(.noReplica)
        case .full: park(.full)
        case .onlyAvoided: pause()
        case .refused(let error): fail(error)
        }
    }

    private var isLimited: Bool {
        switch operation {
        case .predict, .websocket: true
        case .sync, .wake, .tunnel: false
        }
    }

    private var target: String {
        switch operation {
        case .sync(let uri): uri
        case .websocket(let query): Self.path(served?.webSocketPath ?? "/", query)
        case .predict(let query): Self.path(served?.predictPath ?? "/", query)
        // Answered without a replica, or with a bare connection.
        case .wake, .tunnel: "/"
        }
    }

    private static func path(_ path: String, _ query: String?) -> String {
        guard let query, !path.contains("?") else { return path }
        return "\(path)?\(query)"
    }

    private func trySending(allowIdle: Bool) {
        guard let replica else { return }
        attempts += 1
        send(to: replica.endpoint, target: target, allowIdle: allowIdle)
    }

    private func releaseReplica() {
        guard let replica else { return }
        self.replica = nil
        if let meter { replica.load.add(tokens: -meter.booked) }
        replica.load.release()
        // Somebody waits for the place that has become free.
        if book.shared.waiting.load(ordering: .sequentiallyConsistent) > 0 {
            plane.parking.callNext(deployment)
        }
    }

    // MARK: Waiting

    private enum Reason: String {
        case noReplica = "starting"
        case full = "busy"
    }

    private func park(_ reason: Reason) {
        self.reason = reason
        if loop.snapshot.table.deployments[deployment]?.rejectsWhenFull == true {
            if reason == .noReplica { plane.observer.demand(for: deployment) }
            return fail(PlatformErrors.full)
        }
        let shared = book.shared
        let earlier = ticket
        guard
            earlier != nil
                || shared.waiting.load(ordering: .relaxed) < limits.maxParkedPerDeployment
                    && plane.parking.count < limits.maxParked
        else { return fail(PlatformErrors.tooManyParked) }
        phase = .parked
        book.parked(1)
        shared.waiting.add(1, ordering: .sequentiallyConsistent)
        let me = Confined(self)
        let ticket = plane.parking.enter(
            deployment, shared, again: earlier, for: query, on: loop.reactor.thread
        ) {
            me.value.calledOut()
        }
        self.ticket = ticket
        isParked = true
        client.requestDeadline.set(nextParkedMoment)
        if reason == .noReplica { plane.observer.demand(for: deployment) }
        // What became free after the choice and before the ticket did not call this request out.
        if !mustStillWait, plane.parking.leave(ticket) { return calledOut() }
        tellPosition()
    }

    private var isParked = false

    private var mustStillWait: Bool {
        let snapshot = loop.snapshot
        guard snapshot.table.deployments[deployment]?.availability == .open,
            (try? snapshot.table.resolve(query)) == deployment
        else { return false }
        let room = snapshot.served[deployment]?.room ?? 0
        return room <= book.shared.called.load(ordering: .sequentiallyConsistent)
    }

    /// There may be room, or a table changed something for this request.
    private func calledOut() {
        guard isParked else { return }
        leftParking()
        guard !isOver else { return }
        do throws(PlatformError) {
            let now = try loop.snapshot.table.resolve(query)
            if now != deployment {
                let moment = loop.reactor.now
                let next = loop.book(now)
                next.began(moment)
                moveTokens(to: next, of: now)
                book.moved(moment)
                (deployment, book, ticket) = (now, next, nil)
            }
            dispatch(isNext: true)
        } catch {
            fail(error)
        }
    }

    private func leftParking() {
        isParked = false
        phase = .starting
        book.parked(-1)
        book.shared.waiting.subtract(1, ordering: .sequentiallyConsistent)
    }

    /// Takes the request out of the queue if it is there.
    private func giveUpPlace() {
        guard isParked, let ticket else { return }
        let wasWaiting = plane.parking.leave(ticket)
        leftParking()
        // It was called out but goes: the next one gets the place.
        if !wasWaiting { plane.parking.callNext(deployment) }
    }

    private var parkDeadline: UInt64 { arrived + limits.parkTimeout.nanoseconds }

    private var nextParkedMoment: UInt64 {
        wantsHint ? min(parkDeadline, loop.reactor.now + Self.hintInterval) : parkDeadline
    }

    /// Nanoseconds between two words about the position.
    private static let hintInterval: UInt64 = 5_000_000_000

    private func tellPosition() {
        guard wantsHint, let ticket, let position = plane.parking.position(of: ticket) else { return }
        client.sendInterim(position: position, reason: reason.rawValue)
    }

    private func parkedMomentCame() {
        guard loop.reactor.now >= parkDeadline else {
            tellPosition()
            return client.requestDeadline.set(nextParkedMoment)
        }
        fail(isUpgrade ? PlatformErrors.noReplicaForUpgrade : PlatformErrors.parkedTooLong)
    }

    /// Every replica of the table has failed: a while later they are all tried again.
    private func pause() {
        failedReplicas = []
        let grown = (0..<pauses).reduce(limits.firstRetryPause) { pause, _ in
            min(pause * 1.5, limits.longestRetryPause)
        }
        pauses += 1
        phase = .pausing
        client.requestDeadline.set(loop.reactor.now + grown.nanoseconds)
    }

    private func startPrediction() {
        phase = .predicting
        client.requestDeadline.set(arrived + waited + limits.predictTimeout.nanoseconds)
    }

    /// From the arrival to the first choice of a replica.
    private var waited: UInt64 {
        if let firstPlaced { return firstPlaced - arrived }
        let now = ticket == nil ? arrived : loop.reactor.now
        firstPlaced = now
        return now - arrived
    }
    private var firstPlaced: UInt64?

    override func deadlineCame() {
        switch phase {
        case .starting, .tunnel: break
        case .parked: parkedMomentCame()
        case .pausing: dispatch(isNext: true)
        case .predicting: fail(isUpgrade ? PlatformErrors.upgradeNotAccepted : PlatformErrors.predictTimeout)
        }
    }

    // MARK: Failures

    override func connectFailed(_ error: SystemError) {
        super.connectFailed(error)
        if error.isShortage {
            // Not the replica's fault: this process has no file or port left.
            plane.logger.error("no connection to a replica can be made", metadata: ["error": "\(error)"])
            releaseReplica()
            return fail(PlatformErrors.outOfConnections)
        }
        replica?.load.shun(until: loop.reactor.now + limits.shunTime.nanoseconds)
        replicaFailed(canTryAnother: mayRetry)
    }

    override func lostBeforeHead(wasStale: Bool, canSendAgain: Bool) {
        if wasStale, mayRetry, canSendAgain, attempts < limits.maxAttempts {
            // The replica closed an idle connection; it has not seen the request.
            return trySending(allowIdle: false)
        }
        replicaFailed(canTryAnother: false)
    }

    override func answerIsRefused(_ error: PlatformError) {
        releaseReplica()
        fail(error)
    }

    private func replicaFailed(canTryAnother: Bool) {
        guard let failed = replica else { return }
        plane.observer.connectionFailed(replica: failed.route.replicaID, of: deployment)
        releaseReplica()
        guard canTryAnother, attempts < limits.maxAttempts else { return fail(PlatformErrors.replicaLost) }
        failedReplicas.insert(failed.route.replicaID)
        dispatch(isNext: true)
    }

    private func fail(_ error: PlatformError) { fail(.error(error, requestID: requestID)) }

    override func requestBody(_ bytes: UnsafeRawBufferPointer) {
        guard isUpgrade || body.received + bytes.count <= limits.maxBodyBytes else {
            return fail(PlatformErrors.bodyTooLarge(limit: limits.maxBodyBytes))
        }
        super.requestBody(bytes)
        guard let meter else { return }
        meter.read(request: bytes)
        countTokens()
    }

    // MARK: Tokens

    /// Whether its body can be a prompt.
    private var carriesText: Bool {
        guard method == .post, !isUpgrade else { return false }
        return switch operation {
        case .predict, .sync: true
        case .wake, .websocket, .tunnel: false
        }
    }

    override func upstreamDidReceive(body bytes: UnsafeRawBufferPointer) {
        super.upstreamDidReceive(body: bytes)
        guard let meter else { return }
        meter.read(answer: bytes)
        countTokens()
    }

    /// Brings the books up to what the meter shows.
    private func countTokens() {
        guard let meter, isInBook, !isOver else { return }
        let change = meter.tokens - meter.booked
        guard change != 0 else { return }
        meter.booked += change
        book.add(tokens: change, at: loop.reactor.now)
        replica?.load.add(tokens: change)
    }

    /// Before the request goes from one book to the other; no replica has it.
    private func moveTokens(to next: LoadBook, of deployment: DeploymentID) {
        guard let meter else { return }
        let moment = loop.reactor.now
        book.add(tokens: -meter.booked, at: moment)
        guard loop.snapshot.countingTokens.contains(deployment) else { return self.meter = nil }
        meter.ratios = next.shared.ratios
        next.add(tokens: meter.booked, at: moment)
    }

    private func endTokens(_ ending: Ending, at moment: UInt64) {
        guard let meter else { return }
        book.add(tokens: -meter.booked, at: moment)
        if case .complete = ending, (200..<300).contains(responseStatus) { meter.complete() }
    }

    // MARK: Answer and end

    override func writeFields(_ out: inout ByteQueue) {
        out.append(requestID)
        guard attempts > 1 else { return }
        out.append("X-BASETEN-MODEL-PREDICTION-ATTEMPTS: ")
        out.append(decimal: attempts)
        out.append("\r\n")
    }

    override func didBegin() {
        // A connection that has been upgraded may last as long as both sides like.
        guard responseStatus == 101 else { return }
        phase = .tunnel
        client.requestDeadline.clear()
    }

    override func didEnd(_ ending: Ending) {
        client.requestDeadline.clear()
        let servedBy = replica?.route.replicaID
        giveUpPlace()
        releaseReplica()
        record(ending)
        switch ending {
        case .complete: return
        case .answered(let answer): log("answered \(answer.status): \(answer.body)", servedBy)
        case .clientLeft:
            if phase != .tunnel { log("ended 499: the client closed the connection", servedBy) }
        case .broken: log("was cut off: the answer of the replica could not be completed", servedBy)
        }
    }

    private func record(_ ending: Ending) {
        let (status, bytes) =
            switch ending {
            case .complete: (responseStatus, responseBytes)
            case .answered(let answer): (answer.status, answer.body.utf8.count)
            // Either side may end what was upgraded.
            case .clientLeft: (phase == .tunnel ? responseStatus : 499, responseBytes)
            // Its head said something else, but what came is not an answer.
            case .broken: (502, responseBytes)
            }
        let ended = loop.reactor.now
        endTokens(ending, at: ended)
        book.ended(
            EndedRequest(
                // What went through a bare connection is not looked at; it was served.
                kind: RequestKind(status: opensTunnel && status == 101 ? 200 : status, isAsync: false),
                duration: .nanoseconds(ended - arrived),
                firstByte: responseBegan.map { .nanoseconds($0 - arrived) }, requestBytes: body.received,
                responseBytes: bytes), at: ended)
    }

    /// Method and path, as far as they say what was asked for; no query, which may carry what users type.
    private var description: String {
        let scope =
            switch query.target {
            case .development: "development"
            case .environment(Self.production): Self.production
            case .environment(let name): "environments/\(name)"
            case .deployment(let id): "deployment/\(id)"
            }
        let rest =
            switch operation {
            case .predict, .tunnel: "predict"
            case .wake: "wake"
            case .websocket: "websocket"
            case .sync(let uri): "sync\(uri.prefix { $0 != "?" }.prefix(200))"
            }
        return "\(methodName) /\(scope)/\(rest)"
    }

    private static let production = "production"

    private func log(_ outcome: String, _ replica: ReplicaID?) {
        plane.logFailure("\(description) \(outcome)", requestID, replica: replica, of: deployment)
    }
}
