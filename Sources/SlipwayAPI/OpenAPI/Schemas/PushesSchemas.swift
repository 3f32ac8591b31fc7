// OpenAPI schemas of the documents in Documents/Pushes.swift; OpenAPIDocument collects them.

extension Schema {
    static let pushes: [String: Schema] = [
        "ModelArchiveSourceV1": .object(
            "A model made from an uploaded archive.",
            .optional(
                "kind", .constant("model_archive").defaulting(to: .string("model_archive")),
                "Announces an uploaded archive."),
            .required("name", .string, "What the model is called."),
            .required("deployment", .ref("DeploymentArchivePayloadV1"), "The deployment to be."),
            .required("s3_key", .string, "Key the archive was uploaded under."),
            .optional(
                "disable_archive_download", .boolean.defaulting(to: .bool(false)),
                "Whether the archive may not be downloaded later.")),
        "LibraryListingSourceV1": .object(
            "A model taken from a library.",
            .optional(
                "kind", .constant("library_listing").defaulting(to: .string("library_listing")),
                "Announces a library entry."),
            .required("lab_display_name", .string, "Name of the lab that publishes the entry."),
            .required("user_defined_listing_id", .string, "Identifier of the entry."),
            .optional(
                "deployed_model_name", .string.nullable.defaulting(to: .null),
                "Name of the new model; that of the entry if null.")),
        "DeploymentArchiveSourceV1": .object(
            "A deployment made from an uploaded archive.",
            .optional(
                "kind", .constant("model_archive").defaulting(to: .string("model_archive")),
                "Announces an uploaded archive."),
            .required("deployment", .ref("DeploymentArchivePayloadV1"), "The deployment to be."),
            .required("s3_key", .string, "Key the archive was uploaded under.")),
        "CreateModelRequestV1": .object(
            "The model to make, with its first deployment.",
            .required(
                "source",
                .oneOf(
                    ["library_listing": "LibraryListingSourceV1", "model_archive": "ModelArchiveSourceV1"],
                    by: "kind"), "Where the model comes from.")),
        "CreateModelDeploymentRequestV1": .object(
            "The deployment to add to a model.",
            .required(
                "source", .oneOf(["model_archive": "DeploymentArchiveSourceV1"], by: "kind"),
                "Where the deployment comes from.")),
        "CreatedModelDeploymentV1": .object(
            "What a push made.",
            .required("model", .ref("ModelV1"), "The model, new or not."),
            .required("deployment", .ref("DeploymentV1"), "The new deployment."),
            .optional(
                "warnings", .array(.string).defaulting(to: .array([])),
                "What of the config has no effect or is missing here (an extension of the contract).")),
    ]
}
