// The keys of truss 0.18's config, for telling slips from extensions.

enum ConfigKeys {
    static let root = [
        "model_name", "model_metadata", "description", "examples_filename", "data_dir", "external_data",
        "external_package_dirs", "python_version", "base_image", "requirements_file", "requirements",
        "system_packages", "environment_variables", "secrets", "resources", "runtime", "build",
        "build_commands",
        "docker_server", "model_cache", "hf_cache", "weights", "bdn", "trt_llm", "training_checkpoints",
        "bis_llm",
        "input_type", "model_framework", "model_type", "model_module_dir", "model_class_filename",
        "model_class_name", "bundled_packages_dir", "use_local_src", "cache_internal", "live_reload",
        "apply_library_patches", "spec_version",
    ]

    static let sections: [(String, [String])] = [
        ("resources", ["cpu", "memory", "accelerator", "instance_type", "node_count", "fabric", "use_gpu"]),
        (
            "runtime",
            [
                "predict_concurrency", "streaming_read_timeout", "enable_tracing_data", "enable_debug_logs",
                "transport", "is_websocket_endpoint", "health_checks", "oidc", "remote_ssh",
                "egress_restrictions", "truss_server_version_override",
            ]
        ),
        (
            "runtime.health_checks",
            [
                "restart_check_delay_seconds", "restart_threshold_seconds", "stop_traffic_threshold_seconds",
                "startup_threshold_seconds",
            ]
        ),
        (EgressRestrictions.path, EgressRestrictions.keys),
        (
            "docker_server",
            [
                "start_command", "server_port", "predict_endpoint", "readiness_endpoint", "liveness_endpoint",
                "run_as_user_id", "no_build",
            ]
        ),
        ("base_image", ["image", "python_executable_path", "docker_auth"]),
        // Of our own, where upstream takes anything.
        ("model_metadata.slipway", ["egress"]),
        ("build", ["model_server", "arguments", "secret_to_path_mapping", "no_cache"]),
    ]
}
