// What a machine has, what its replicas hold of it, and whether another one fits.

/// One GPU of the machine.
public struct GPU: Sendable, Equatable, Codable {
    /// As `nvidia-smi` numbers them.
    public var index: Int
    /// As configs name it: `L4`, `A100_40GB`, …
    public var type: String
    public var memoryMiB: Int

    public init(index: Int, type: String, memoryMiB: Int) {
        self.index = index
        self.type = type
        self.memoryMiB = memoryMiB
    }
}

public struct Machine: Sendable, Equatable {
    public var millicpu: Int
    public var memoryMiB: Int
    public var gpus: [GPU]

    public init(millicpu: Int, memoryMiB: Int, gpus: [GPU] = []) {
        self.millicpu = millicpu
        self.memoryMiB = memoryMiB
        self.gpus = gpus
    }
}

/// What a replica holds of its machine as long as it lives.
public struct Reservation: Sendable, Equatable, Codable {
    public var millicpu: Int
    public var memoryMiB: Int
    /// Indexes of GPUs that nobody else has.
    public var gpus: [Int]

    public init(millicpu: Int = 0, memoryMiB: Int = 0, gpus: [Int] = []) {
        self.millicpu = millicpu
        self.memoryMiB = memoryMiB
        self.gpus = gpus
    }
}

/// What counts against the machine.
public enum CapacityPolicy: String, Sendable, CaseIterable {
    /// GPUs alone: CPU and memory of an instance type are caps that replicas seldom reach together.
    case gpus
    /// CPU and memory too.
    case all
}

public enum Placement: Sendable, Equatable {
    case fits(Reservation)
    /// `reason` names what is missing: `1 × L4, 0 free`.
    case waits(reason: String)
}

public struct Capacity: Sendable {
    public var machine: Machine
    public var policy: CapacityPolicy

    public init(machine: Machine, policy: CapacityPolicy = .gpus) {
        self.machine = machine
        self.policy = policy
    }

    /// Whether a replica of `type` fits beside those that live.
    public func place(_ type: InstanceType, beside held: [Reservation]) -> Placement {
        let held = PlantedBug.isPlanted(.overbooks) ? Array(held.dropFirst()) : held
        var reservation = Reservation(millicpu: type.millicpu, memoryMiB: type.memoryMiB)
        if type.gpuCount > 0 {
            let taken = Set(held.flatMap(\.gpus))
            let free = machine.gpus.filter { $0.type == type.gpuType && !taken.contains($0.index) }
            guard free.count >= type.gpuCount else {
                return .waits(reason: "\(type.gpuCount) × \(type.gpuType ?? "GPU"), \(free.count) free")
            }
            reservation.gpus = free.prefix(type.gpuCount).map(\.index)
        }
        guard policy == .all else { return .fits(reservation) }
        let memory = machine.memoryMiB - held.reduce(0) { $0 + $1.memoryMiB }
        guard memory >= type.memoryMiB else {
            return .waits(reason: "\(type.memoryMiB) MiB of memory, \(max(0, memory)) MiB free")
        }
        let cpu = machine.millicpu - held.reduce(0) { $0 + $1.millicpu }
        guard cpu >= type.millicpu else {
            return .waits(reason: "\(type.millicpu) millicpu, \(max(0, cpu)) free")
        }
        return .fits(reservation)
    }
}

extension InstanceCatalogue {
    /// The usual CPU sizes, and for every kind of GPU the machine has, one, two, four and eight of them with their
    /// share of its CPUs and memory.
    public static func standard(for machine: Machine) -> InstanceCatalogue {
        var catalogue = standard
        let kinds = Dictionary(grouping: machine.gpus, by: \.type).sorted { $0.key < $1.key }
        for (kind, gpus) in kinds {
            for count in [1, 2, 4, 8] where count <= gpus.count {
                let cpu = max(1, machine.millicpu / 1000 * count / machine.gpus.count)
                let gib = max(1, machine.memoryMiB / 1024 * count / machine.gpus.count)
                let number = count > 1 ? ":\(count)" : ""
                catalogue.types.append(
                    InstanceType(
                        id: "\(kind)\(number)x\(cpu)x\(gib)",
                        name: "\(count) × \(kind), \(cpu) vCPU, \(gib) GiB",
                        millicpu: cpu * 1000, memoryMiB: gib * 1024, gpuCount: count, gpuType: kind,
                        gpuMemoryMiB: gpus.map(\.memoryMiB).min()))
            }
        }
        return catalogue
    }
}
