// What is really there, whatever a server believes: processes, images, archives. It outlives every server.

import Foundation
import SlipwayCore
import SlipwayEngine
import SlipwayTruss

final class Machine: @unchecked Sendable {
    /// A replica's process.
    struct Process {
        var spec: ReplicaSpec
        /// Whose files it has, and what the engine's record says.
        var image: ImageID
        /// Whose code it runs: changed files are only a reload away.
        var code: ImageID
        /// The engine's record does not say that it took the files it was given.
        var isMixed = false
        var phase: ReplicaPhase = .starting
        var startedAt: Timestamp
        var port: Int
        /// When it became ready, in microseconds of the simulation; nil while it is not.
        var readySince: Int64?
        /// A stop was asked for.
        var isStopping = false

        /// Whether it answers requests now, whatever it or the engine says.
        var answers: Bool { phase == .ready }
        var hasExited: Bool { if case .exited = phase { true } else { false } }

        var replica: Replica {
            var replica = Replica(
                id: spec.replicaID, deploymentID: spec.deploymentID, imageID: image, phase: phase,
                startedAt: startedAt, endpoint: ReplicaEndpoint(host: "127.0.0.1", port: port),
                reservation: spec.reservation)
            replica.reason = hasExited ? "It crashed." : nil
            replica.isMixed = isMixed
            return replica
        }
    }

    unowned let world: World
    let capacity: Capacity
    /// When the machine last had no room for one more of the usual replicas.
    private var fullAt: Int64?
    var processes: [ReplicaID: Process] = [:]
    var images: [ImageID: BuiltImage] = [:]
    /// Images that somebody but the server has removed.
    var lostImages: Set<ImageID> = []
    /// Replicas that were ever started: none may come twice.
    private var known: Set<ReplicaID> = []
    private var nextPort = 20_000
    private(set) var archives: Set<String> = []
    private var archivesMade = 0
    let archive: Archive

    /// - Parameter dice: decides whether there is room for all replicas or for some of them.
    init(world: World, archive: Archive, dice: Dice) {
        self.world = world
        let cpus = dice.chance(0.5, "machine/is-small") ? dice.number(4...8, "machine/processors") : 64
        // Either can be what there is too little of.
        let gibibytes = 2 * (dice.chance(0.3, "machine/lacks-memory") ? cpus - 1 : cpus)
        capacity = Capacity(
            machine: SlipwayCore.Machine(millicpu: cpus * 1000, memoryMiB: gibibytes << 10), policy: .all)
        self.archive = archive
    }

    // MARK: Archives

    /// What the code in an archive does.
    enum Code: String, CaseIterable {
        case good, unbuildable, broken, slow
    }

    func upload(_ code: Code) -> String {
        archivesMade += 1
        let key = "\(code.rawValue)-\(archivesMade)"
        archives.insert(key)
        return key
    }

    func removeArchive(_ key: String) { archives.remove(key) }

    static func code(of name: String) -> Code {
        Code(rawValue: String(name.prefix { $0 != "-" })) ?? .good
    }

    // MARK: Processes

    func spawn(_ spec: ReplicaSpec) {
        world.evaluated(.startedOnce)
        guard known.insert(spec.replicaID).inserted else {
            return world.violate(.startedOnce, "replica \(spec.replicaID) was started twice")
        }
        world.evaluated(.imageIsKept)
        if images[spec.imageID] == nil {
            world.violate(
                .imageIsKept,
                "replica \(spec.replicaID) of \(spec.deploymentID) started from image \(spec.imageID), which is gone"
            )
        }
        world.nameNew(replica: spec.replicaID, of: spec.deploymentID)
        nextPort += 1
        processes[spec.replicaID] = Process(
            spec: spec, image: spec.imageID, code: spec.imageID, startedAt: world.now, port: nextPort)
        checkCapacity()
        world.note("replica \(spec.replicaID) of \(spec.deploymentID) begins")
        load(spec.replicaID)
    }

    private var held: [Reservation] { processes.values.filter { !$0.hasExited }.map(\.spec.reservation) }

    /// Whether one more replica of the deployment fits.
    func hasRoom(for deployment: Deployment) -> Bool {
        guard let type = InstanceCatalogue.standard.type(withID: deployment.instanceTypeID) else {
            return true
        }
        if case .fits = capacity.place(type, beside: held) { return true }
        return false
    }

    /// Whether a replica may have had to wait for room at some time since `moment`.
    func wasFull(since moment: Int64) -> Bool {
        noteWhenFull()
        return fullAt.map { $0 >= moment } ?? false
    }

    private func noteWhenFull() {
        guard let type = InstanceCatalogue.standard.types.first else { return }
        if case .waits = capacity.place(type, beside: held) { fullAt = world.scheduler.elapsed }
    }

    private func checkCapacity() {
        let held = self.held
        let cpu = held.reduce(0) { $0 + $1.millicpu }
        let memory = held.reduce(0) { $0 + $1.memoryMiB }
        if cpu > capacity.machine.millicpu || memory > capacity.machine.memoryMiB {
            world.violate(
                .capacity, "replicas hold \(cpu) millicpu and \(memory) MiB, more than the machine has")
        }
        noteWhenFull()
        if fullAt == world.scheduler.elapsed { world.evaluated(.capacity) }
    }

    /// The way of a process from its start to readiness or its end.
    private func load(_ id: ReplicaID) {
        guard let process = processes[id] else { return }
        let code = Self.code(of: process.image.text)
        let dice = world.faultDice
        let name = world.name(of: process.spec.deploymentID)
        world.scheduler.after(dice.span(.milliseconds(20), .seconds(1), "\(name)/begins-after")) { [self] in
            move(id, to: .loading)
            // Some are ready, or unwell, before a pass has seen that they load.
            let isQuick = dice.chance(0.1, "\(name)/loads-at-once")
            let patience: Duration =
                isQuick ? .milliseconds(300) : code == .slow ? .seconds(240) : .seconds(30)
            world.scheduler.after(dice.span(.milliseconds(200), patience, "\(name)/loads-for")) { [self] in
                let fails =
                    code == .broken || dice.chance(world.weather.startFailures / 2, "\(name)/does-not-load")
                if fails { world.excuse(process.spec.deploymentID, "a replica does not load") }
                move(id, to: fails ? .exited(code: 1) : .ready)
            }
        }
    }

    private func move(_ id: ReplicaID, to phase: ReplicaPhase) {
        guard let process = processes[id], !process.hasExited, !process.isStopping else { return }
        noteWhenFull()
        processes[id]?.phase = phase
        processes[id]?.readySince = phase == .ready ? world.scheduler.elapsed : nil
        world.note("replica \(id) is \(phase)")
        report(id)
        let name = world.name(of: process.spec.deploymentID)
        if phase == .ready, world.faultDice.chance(world.weather.fits, "\(name)/has-a-fit") {
            planFit(id, name)
        }
    }

    /// Its readiness route fails for a while.
    private func planFit(_ id: ReplicaID, _ name: String) {
        let dice = world.faultDice
        // Before a pass has seen that it was ready, or later.
        let isAtOnce = dice.chance(0.3, "\(name)/fit-at-once")
        let pause =
            isAtOnce
            ? dice.span(.milliseconds(1), .milliseconds(500), "\(name)/fit-soon")
            : dice.span(.seconds(5), .seconds(300), "\(name)/fit-after")
        world.scheduler.after(pause) { [self] in
            guard let process = processes[id], process.phase == .ready else { return }
            world.excuse(process.spec.deploymentID, "a replica is unwell")
            move(id, to: .unhealthy)
            world.scheduler.after(dice.span(.seconds(1), .seconds(60), "\(name)/fit-for")) { [self] in
                if processes[id]?.phase == .unhealthy { move(id, to: .ready) }
            }
        }
    }

    /// Tells the server that runs now, if one does, the truth or a little more.
    private func report(_ id: ReplicaID) {
        guard let process = processes[id] else { return }
        let replica = process.replica
        world.server?.engine.report(
            .phase(id, replica.phase, endpoint: replica.endpoint, reason: replica.reason))
        guard world.faultDice.chance(world.weather.lies, "engine/lies") else { return }
        let late = replica
        world.scheduler.after(world.faultDice.span(.milliseconds(1), .seconds(20), "engine/lies-after")) {
            [self] in
            // A repetition of what is still true, or news of somebody who is gone.
            guard processes[id].map({ $0.phase == late.phase }) ?? true else { return }
            world.server?.engine.report(.phase(id, late.phase, endpoint: late.endpoint, reason: late.reason))
        }
    }

    /// Ends a process by force, as the kernel or a bug in the model would.
    func crash(_ id: ReplicaID) {
        guard let process = processes[id], !process.hasExited, !process.isStopping else { return }
        world.excuse(process.spec.deploymentID, "a replica crashed")
        move(id, to: .exited(code: 137))
    }

    func remove(_ id: ReplicaID) {
        noteWhenFull()
        guard processes.removeValue(forKey: id) != nil else { return }
        world.note("replica \(id) is gone")
    }

    func process(atPort port: Int) -> Process? { processes.values.first { $0.port == port } }
}

/// Archives on disk, one for each kind of code: every pushed archive is one of these under another name.
final class Archive: Sendable {
    private let directory: String

    init() throws {
        directory = FileManager.default.temporaryDirectory.path + "/slipway-sim-\(getpid())"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let empty = "\(directory)/empty.tar"
        try Data(count: 1024).write(to: URL(fileURLWithPath: empty))
        let config = ArchiveChange(path: "config.yaml", content: Data("model_name: simulated\n".utf8))
        for code in Machine.Code.allCases {
            try ArchiveEditor.apply([config], to: empty, writing: "\(directory)/\(code.rawValue)-code.tar")
        }
    }

    func path(of key: String) -> String { "\(directory)/\(Machine.code(of: key).rawValue)-code.tar" }

    /// Nothing of a world that has ended reads it again.
    func remove() { try? FileManager.default.removeItem(atPath: directory) }
}
