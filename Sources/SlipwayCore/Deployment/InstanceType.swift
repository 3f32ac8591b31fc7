// Instance types: what a replica may use of a machine, and the choice of the smallest that fits.

public struct InstanceType: Sendable, Equatable {
    /// Stable identifier, also its name in the original's style (`4x16`: 4 vCPU, 16 GiB).
    public var id: String
    public var name: String
    public var millicpu: Int
    public var memoryMiB: Int
    public var gpuCount: Int
    public var gpuType: String?
    public var gpuMemoryMiB: Int?
    /// In the operator's currency; 0 where nobody counts.
    public var pricePerMinute: Double = 0

    public init(
        id: String, name: String, millicpu: Int, memoryMiB: Int, gpuCount: Int = 0, gpuType: String? = nil,
        gpuMemoryMiB: Int? = nil
    ) {
        self.id = id
        self.name = name
        self.millicpu = millicpu
        self.memoryMiB = memoryMiB
        self.gpuCount = gpuCount
        self.gpuType = gpuType
        self.gpuMemoryMiB = gpuMemoryMiB
    }
}

/// What a config's `resources` block asks for.
public struct ResourceRequest: Sendable, Equatable {
    public var millicpu: Int
    public var memoryMiB: Int
    public var gpuCount: Int
    public var gpuType: String?
    /// Names an instance type outright and overrides the rest.
    public var instanceType: String?

    public init(
        millicpu: Int = 1000, memoryMiB: Int = 2048, gpuCount: Int = 0, gpuType: String? = nil,
        instanceType: String? = nil
    ) {
        self.millicpu = millicpu
        self.memoryMiB = memoryMiB
        self.gpuCount = gpuCount
        self.gpuType = gpuType
        self.instanceType = instanceType
    }
}

/// The instance types on offer, smallest first.
public struct InstanceCatalogue: Sendable {
    public var types: [InstanceType]

    public init(types: [InstanceType]) { self.types = types }

    /// CPU sizes in the original's naming.
    public static let standard = InstanceCatalogue(
        types: [(1, 2), (1, 4), (2, 8), (4, 16), (8, 32), (16, 64)].map { cpu, gib in
            InstanceType(
                id: "\(cpu)x\(gib)", name: "CPU \(cpu)x\(gib)", millicpu: cpu * 1000, memoryMiB: gib * 1024)
        })

    public func type(withID id: String) -> InstanceType? { types.first { $0.id == id } }

    /// The smallest type that fits `request`; nil when none does.
    public func smallest(fitting request: ResourceRequest) -> InstanceType? {
        if let wanted = request.instanceType {
            return types.first { $0.id == wanted || $0.name == wanted }
        }
        return types.first {
            $0.millicpu >= request.millicpu && $0.memoryMiB >= request.memoryMiB
                && $0.gpuCount >= request.gpuCount
                && (request.gpuCount == 0 ? $0.gpuCount == 0 : $0.gpuType == request.gpuType)
        }
    }
}
