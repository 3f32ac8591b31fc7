// What the parameters in paths mean; `APIOperation` writes it into the document.

enum PathParameters {
    static let descriptions = [
        "api_key_prefix": "The public part of an API key, before the dot.",
        "deployment_id": "Identifier of a deployment.",
        "env_name": "Name of an environment.",
        "model_id": "Identifier of a model.",
        "path": "Path on the model's own server; it may contain further slashes.",
        "replica_id": "Identifier of a replica, as log lines and metrics name it.",
        "request_id": "Identifier of an asynchronous request.",
        "secret_name": "Name of a secret.",
        "team_id": "Identifier of a team.",
        "user_id": "Identifier of a user.",
    ]
}
