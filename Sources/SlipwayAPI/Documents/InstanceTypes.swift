// Documents about instance types: what machines replicas can run on, and their prices.

/// A size of machine for replicas.
public struct InstanceTypeV1: Codable, Sendable, Equatable {
    /// Identifier of the instance type.
    public var id: String
    /// Name shown to people.
    public var name: String
    /// Memory in MiB.
    public var memoryLimitMiB: Int
    /// Processor time in thousandths of a core.
    public var millicpuLimit: Int
    /// Number of GPUs.
    public var gpuCount: Int
    /// Kind of GPU, if there is one.
    @Nullable public var gpuType: String?
    /// Memory of a GPU in MiB, if there is one.
    @Nullable public var gpuMemoryLimitMiB: Int?

    public init(
        id: String, name: String, memoryLimitMiB: Int, millicpuLimit: Int, gpuCount: Int, gpuType: String?,
        gpuMemoryLimitMiB: Int?
    ) {
        self.id = id
        self.name = name
        self.memoryLimitMiB = memoryLimitMiB
        self.millicpuLimit = millicpuLimit
        self.gpuCount = gpuCount
        self.gpuType = gpuType
        self.gpuMemoryLimitMiB = gpuMemoryLimitMiB
    }

    enum CodingKeys: String, CodingKey {
        case id, name
        case memoryLimitMiB = "memory_limit_mib"
        case millicpuLimit = "millicpu_limit"
        case gpuCount = "gpu_count"
        case gpuType = "gpu_type"
        case gpuMemoryLimitMiB = "gpu_memory_limit_mib"
    }
}

/// All instance types on offer.
public struct InstanceTypesV1: Codable, Sendable, Equatable {
    /// The instance types; the list is complete.
    public var instanceTypes: [InstanceTypeV1]

    public init(instanceTypes: [InstanceTypeV1]) {
        self.instanceTypes = instanceTypes
    }

    enum CodingKeys: String, CodingKey {
        case instanceTypes = "instance_types"
    }
}

/// An instance type and its price.
public struct InstanceTypeWithPriceV1: Codable, Sendable, Equatable {
    /// The instance type.
    public var instanceType: InstanceTypeV1
    /// US dollars per minute of one replica.
    public var price: Double

    public init(instanceType: InstanceTypeV1, price: Double) {
        self.instanceType = instanceType
        self.price = price
    }

    enum CodingKeys: String, CodingKey {
        case price
        case instanceType = "instance_type"
    }
}

/// All instance types on offer, with prices.
public struct InstanceTypePricesV1: Codable, Sendable, Equatable {
    /// The instance types; the list is complete.
    public var instanceTypes: [InstanceTypeWithPriceV1]

    public init(instanceTypes: [InstanceTypeWithPriceV1]) {
        self.instanceTypes = instanceTypes
    }

    enum CodingKeys: String, CodingKey {
        case instanceTypes = "instance_types"
    }
}
