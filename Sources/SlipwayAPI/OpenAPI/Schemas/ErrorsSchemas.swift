// OpenAPI schemas of the documents in Documents/Errors.swift; OpenAPIDocument collects them.

extension Schema {
    static let errors: [String: Schema] = [
        "ErrorV1": .object(
            "An error of the management API.",
            .required("code", .string, "Constant name of the kind of error."),
            .required("message", .string, "What went wrong, for people."),
            .required("error", .string, "The same as message; some clients look here."),
            .optional("retry_after", .integer, "With 429: seconds until the next call.")),
        "ErrorResponse": .object(
            "An error of the inference plane that the platform, not the model, answers.",
            .optional("error", .string, "What went wrong, for people."),
            .optional("error_code", .choice(InferenceErrorCode.self), "The kind of error."),
            .optional("detail", .string, "More about it, if there is more.")),
    ]
}
