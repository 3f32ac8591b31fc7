// OpenAPI schemas of the documents in Documents/Models.swift; OpenAPIDocument collects them.

extension Schema {
    static let models: [String: Schema] = [
        "ModelV1": .object(
            "A model: a name under which deployments are collected.",
            .required("id", .string, "Identifier of the model."),
            .required("created_at", .dateTime, "When the model was made."),
            .required("name", .string, "Name, unique in its team."),
            .required("deployments_count", .integer, "How many deployments the model has."),
            .required(
                "production_deployment_id", .string.nullable, "The deployment that production serves, if any."
            ),
            .required("development_deployment_id", .string.nullable, "The development deployment, if any."),
            .required(
                "instance_type_name", .string,
                "Instance type of the production deployment, else of the newest one."),
            .required("team_name", .string, "Name of the team that owns the model.")),
        "UpdateModelRequestV1": .object(
            "Changes to a model; members absent or null stay as they are.",
            .optional("name", .string(length: 1...255).nullable, "A new name, unique in the team.")),
        "TerminateReplicaResponseV1": .object(
            "What became of the wish to end a replica.",
            .required("success", .boolean, "True: the replica gets no requests any more.")),
        "RegionV1": .object(
            "A region that deployments can be placed in.",
            .required("slug", .string, "Identifier of the region."),
            .required("display_name", .string, "Name shown to people.")),
        "RegionsV1": .object(
            "The regions there are.",
            .required("regions", .array(.ref("RegionV1")), "One: this machine.")),
        "ModelsV1": .object(
            "All models the caller may see, or a page of them.",
            .required(
                "models", .array(.ref("ModelV1")),
                "The models; the list is complete unless a page was asked for."),
            .optional(
                "pagination", .ref("PaginationResponseV1"),
                "Where the page ends (an extension of Slipway); absent where none was asked for.")),
        "ModelTombstoneV1": .object(
            "What remains of a deleted model.",
            .required("id", .string, "Identifier of the deleted model."),
            .required("deleted", .boolean, "True once the model is gone.")),
    ]
}
