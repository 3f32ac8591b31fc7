// OpenAPI schemas of the documents in Documents/Uploads.swift; OpenAPIDocument collects them.

extension Schema {
    static let uploads: [String: Schema] = [
        "AWSCredentialsV1": .object(
            "Temporary credentials for the archive storage.",
            .required("aws_access_key_id", .string, "Access key id."),
            .required("aws_secret_access_key", .string, "Secret access key."),
            .required("aws_session_token", .string, "Session token that belongs to the pair.")),
        "GetBlobCredentialsResponseV1": .object(
            "Where to upload an archive, and with which credentials.",
            .required("creds", .ref("AWSCredentialsV1"), "The credentials."),
            .required("s3_key", .string, "Key of the object to write."),
            .required("s3_bucket", .string, "Bucket to write to."),
            .optional(
                "s3_endpoint_url", .string.nullable.defaulting(to: .null),
                "Address of this server's own storage (an extension of the contract)."),
            .optional(
                "upload_url", .string.nullable.defaulting(to: .null),
                "Takes the archive by one PUT, without any S3 library (an extension of the contract).")),
        "DeploymentArchivePayloadV1": .object(
            "The deployment that an archive is to become.",
            .required("config", .freeObject, "The configuration as an object."),
            .optional(
                "raw_config", .string.nullable.defaulting(to: .null),
                "The text of config.yaml, kept to be read back."),
            .optional(
                "user_env", .freeObject.nullable.defaulting(to: .null),
                "What the client says about itself and its machine."),
            .optional(
                "environment_name", .string.nullable.defaulting(to: .null),
                "Environment to promote to once the deployment is ready."),
            .optional(
                "preserve_env_instance_type", .boolean.defaulting(to: .bool(true)),
                "Keep the environment's instance type instead of the configured one."),
            .optional(
                "deploy_timeout_minutes", .integer(10...1440).nullable.defaulting(to: .null),
                "Minutes until the attempt counts as failed, 10 to 1440; the server's default if null."),
            .optional(
                "deployment_name", .string.nullable.defaulting(to: .null),
                "Name of the deployment; one is made up if null."),
            .optional("labels", .freeObject.nullable.defaulting(to: .null), "Free labels."),
            .optional(
                "is_development", .boolean.defaulting(to: .bool(false)),
                "Whether this replaces the development deployment of the model.")),
        "PrepareModelUploadRequestV1": .object(
            "A push to check before its archive is uploaded.",
            .required("deployment", .ref("DeploymentArchivePayloadV1"), "The deployment to be."),
            .optional("name", .string.nullable.defaulting(to: .null), "Name of the model to add to or make."),
            .optional(
                "team_id", .string.nullable.defaulting(to: .null),
                "The team that owns the model; the default one if null."),
            .optional(
                "model_id", .string.nullable.defaulting(to: .null), "The model to add to, instead of a name."),
            .optional(
                "dry_run", .boolean.defaulting(to: .bool(false)),
                "Whether to check only and hand out no credentials.")),
        "PrepareModelUploadResponseV1": .object(
            "Where to upload the archive; all null for a check only.",
            .optional("creds", .ref("AWSCredentialsV1").nullable.defaulting(to: .null), "The credentials."),
            .optional("s3_bucket", .string.nullable.defaulting(to: .null), "Bucket to write to."),
            .optional("s3_key", .string.nullable.defaulting(to: .null), "Key of the object to write."),
            .optional("s3_region", .string.nullable.defaulting(to: .null), "Region to sign requests for."),
            .optional(
                "s3_endpoint_url", .string.nullable.defaulting(to: .null),
                "Address of this server's own storage (an extension of the contract)."),
            .optional(
                "upload_url", .string.nullable.defaulting(to: .null),
                "Takes the archive by one PUT, without any S3 library (an extension of the contract)."),
            .optional(
                "warnings", .array(.string).defaulting(to: .array([])),
                "What of the config has no effect or is missing here (an extension of the contract).")),
    ]
}
