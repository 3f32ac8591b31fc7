// OpenAPI schemas of the documents in Documents/Patches.swift; OpenAPIDocument collects them.

extension Schema {
    private static func file(_ type: String, _ below: String, _ members: Member...) -> Schema {
        .object(
            "A file below the \(below).",
            [
                .optional("type", .constant(type), "Kind of operation."),
                .required("action", .ref("DeploymentPatchActionV1"), "What becomes of the file."),
                .required("path", .string, "Path relative to the \(below)."),
                .optional("content", .string.nullable.defaulting(to: .null), "Text of the file."),
                .optional("content_bytes", .string.nullable.defaulting(to: .null), "Content in base64."),
            ] + members)
    }

    private static let point: [Member] = [
        .required(
            "content_hashes", .map(of: .string.nullable),
            "By path, the hex blake3 digest of a file; null for a directory."),
        .required("config", .string, "config.yaml as it is."),
        .optional(
            "requirements", .array(.string), "Lines of the requirements file, if the config names one."),
    ]

    static let patches: [String: Schema] = [
        "DeploymentPatchActionV1": .choice(DeploymentPatchActionV1.self).described(
            "What becomes of a target."),
        "DeploymentPatchOpModelCodeV1": .file(
            "model_code", "directory of the model's code",
            .optional(
                "hot_reload", .boolean.defaulting(to: false), "Whether the running server could take it.")),
        "DeploymentPatchOpPackageV1": .file("package", "directory of bundled packages"),
        "DeploymentPatchOpConfigV1": .object(
            "The config is replaced by that of the next point.",
            .optional("type", .constant("config"), "Kind of operation."),
            .required("config", .freeObject, "The config, decoded."),
            .optional("path", .string, "Where it lies.")),
        "DeploymentPatchOpPythonRequirementV1": .object(
            "A requirement; the next config says which.",
            .optional("type", .constant("python_requirement"), "Kind of operation."),
            .required("action", .ref("DeploymentPatchActionV1"), "What becomes of it."),
            .required("requirement", .string, "The requirement.")),
        "DeploymentPatchOpEnvVarV1": .object(
            "An environment variable; the next config says which.",
            .optional("type", .constant("environment_variable"), "Kind of operation."),
            .required("action", .ref("DeploymentPatchActionV1"), "What becomes of it."),
            .required("name", .string, "Its name."),
            .optional("value", .string.nullable.defaulting(to: .null), "Its value.")),
        "DeploymentPatchOpExternalDataV1": .object(
            "External data; only a push carries it out.",
            .optional("type", .constant("external_data"), "Kind of operation."),
            .required("action", .ref("DeploymentPatchActionV1"), "What becomes of it."),
            .required("item", .map(of: .string), "What it is.")),
        "DeploymentPatchPointV1": .object("A state of the source.", point),
        "DeploymentPatchPointWithHashV1": .object(
            "A state of the source and the hash that names it.",
            point + [.required("hash", .string, "Follows from content_hashes.")]),
        "CreateDeploymentPatchRequestV1": .object(
            "A patch to stage.",
            .required(
                "prev_patch_hash", .string, "Hash of the newest staged state, else of the running one."),
            .required("next_patch_point", .ref("DeploymentPatchPointV1"), "The state after the patch."),
            .required(
                "patch_ops",
                .array(
                    .oneOf(
                        [
                            "model_code": "DeploymentPatchOpModelCodeV1",
                            "package": "DeploymentPatchOpPackageV1", "config": "DeploymentPatchOpConfigV1",
                            "python_requirement": "DeploymentPatchOpPythonRequirementV1",
                            "environment_variable": "DeploymentPatchOpEnvVarV1",
                            "external_data": "DeploymentPatchOpExternalDataV1",
                        ], by: "type")), "What changes, in order; at least one.")),
        "CreateDeploymentPatchResponseV1": .object(
            "The patch that was staged.",
            .required("patch_point", .ref("DeploymentPatchPointWithHashV1"), "The state it leads to.")),
        "GetDeploymentPatchesStateResponseV1": .object(
            "Which states run and wait.",
            .required("running_patch_point", .ref("DeploymentPatchPointWithHashV1"), "What runs."),
            .optional(
                "pending_patch_point",
                .ref("DeploymentPatchPointWithHashV1").nullable.defaulting(to: .null),
                "The newest state that is staged and not synced.")),
        "EmptyRequest": .object("Takes no members."),
        "SyncDeploymentPatchesResponseV1": .object(
            "What a sync came to.",
            .optional(
                "needs_full_deploy_reason", .string.nullable.defaulting(to: .null),
                "Why only a push can carry the change; null when the deployment is in sync.")),
    ]
}
