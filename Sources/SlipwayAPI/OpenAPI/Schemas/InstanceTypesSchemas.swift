// OpenAPI schemas of the documents in Documents/InstanceTypes.swift; OpenAPIDocument collects them.

extension Schema {
    static let instanceTypes: [String: Schema] = [
        "InstanceTypeV1": .object(
            "A size of machine for replicas.",
            .required("id", .string, "Identifier of the instance type."),
            .required("name", .string, "Name shown to people."),
            .required("memory_limit_mib", .integer, "Memory in MiB."),
            .required("millicpu_limit", .integer, "Processor time in thousandths of a core."),
            .required("gpu_count", .integer, "Number of GPUs."),
            .required("gpu_type", .string.nullable, "Kind of GPU, if there is one."),
            .required("gpu_memory_limit_mib", .integer.nullable, "Memory of a GPU in MiB, if there is one.")),
        "InstanceTypesV1": .object(
            "All instance types on offer.",
            .required(
                "instance_types", .array(.ref("InstanceTypeV1")), "The instance types; the list is complete.")
        ),
        "InstanceTypeWithPriceV1": .object(
            "An instance type and its price.",
            .required("instance_type", .ref("InstanceTypeV1"), "The instance type."),
            .required("price", .number, "US dollars per minute of one replica.")),
        "InstanceTypePricesV1": .object(
            "All instance types on offer, with prices.",
            .required(
                "instance_types", .array(.ref("InstanceTypeWithPriceV1")),
                "The instance types; the list is complete.")),
    ]
}
