// OpenAPI operations of instance types; OpenAPIDocument collects them.

extension APIOperation {
    static let instanceTypes: [APIOperation] = [
        .management(
            .get, "/v1/instance_types", "listInstanceTypes",
            "Lists the instance types.",
            answers: "InstanceTypesV1"),
        .management(
            .get, "/v1/instance_type_prices", "listInstanceTypePrices",
            "Lists the instance types with prices.",
            answers: "InstanceTypePricesV1"),
    ]
}
