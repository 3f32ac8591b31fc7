// Every key of the published schema has an effect, a warning or a refusal.

import SlipwayCore
import Testing

@testable import SlipwayTruss

@Suite struct ConfigKeyTests {
    /// The schema's key paths (both the contract's and that of truss 0.18.35), compactly: a section, then its keys.
    private static let sections: [(String, String)] = [
        (
            "",
            """
            model_name model_metadata description examples_filename data_dir external_data external_package_dirs
            python_version base_image requirements_file requirements system_packages environment_variables secrets
            resources runtime build build_commands docker_server model_cache weights bdn trt_llm
            training_checkpoints bis_llm input_type model_framework model_type model_module_dir
            model_class_filename model_class_name bundled_packages_dir use_local_src cache_internal live_reload
            apply_library_patches spec_version
            """
        ),
        ("model_metadata", "example_model_input"), ("external_data[]", "url local_data_path backend name"),
        ("base_image", "image python_executable_path docker_auth"),
        (
            "base_image.docker_auth",
            """
            aws_oidc_role_arn aws_oidc_region gcp_oidc_service_account gcp_oidc_workload_id_provider
            aws_assume_role_arn aws_assume_role_region auth_method registry secret_name
            aws_access_key_id_secret_name aws_secret_access_key_secret_name
            """
        ),
        ("resources", "cpu memory accelerator instance_type node_count fabric"),
        ("resources.fabric", "use_rdma preferences"),
        (
            "runtime",
            """
            predict_concurrency streaming_read_timeout enable_tracing_data enable_debug_logs transport
            is_websocket_endpoint health_checks oidc remote_ssh egress_restrictions truss_server_version_override
            """
        ),
        ("runtime.transport", "kind ping_interval_seconds ping_timeout_seconds"),
        (
            "runtime.health_checks",
            """
            restart_check_delay_seconds restart_threshold_seconds stop_traffic_threshold_seconds
            startup_threshold_seconds
            """
        ),
        ("runtime.oidc", "enabled"), ("runtime.remote_ssh", "enabled"),
        ("runtime.egress_restrictions", "ip_allow_list fqdn_allow_list"),
        ("build", "model_server arguments secret_to_path_mapping no_cache"),
        (
            "docker_server",
            """
            start_command server_port predict_endpoint readiness_endpoint liveness_endpoint run_as_user_id no_build
            """
        ),
        (
            "model_cache[]",
            "repo_id revision allow_patterns ignore_patterns volume_folder use_volume kind runtime_secret_name"
        ),
        (
            "cache_internal[]",
            "repo_id revision allow_patterns ignore_patterns volume_folder use_volume kind runtime_secret_name"
        ),
        ("weights[]", "source mount_location auth auth_secret_name allow_patterns ignore_patterns"),
        (
            "weights[].auth",
            """
            aws_oidc_role_arn aws_oidc_region gcp_oidc_service_account gcp_oidc_workload_id_provider
            aws_assume_role_arn aws_assume_role_region auth_method auth_secret_name
            """
        ),
        ("bdn", "mounts access hotload"), ("bdn.mounts[]", "source path include exclude"),
        ("bdn.access[]", "namespace grants"), ("bdn.hotload", "enabled"),
        ("training_checkpoints", "download_folder artifact_references loops_checkpoint_ids"),
        ("training_checkpoints.artifact_references[]", "training_job_id paths"),
        ("bis_llm", "config version additional_autoscaling_config"),
        ("bis_llm.additional_autoscaling_config", "metrics"),
        ("bis_llm.additional_autoscaling_config.metrics[]", "name target"),
        ("trt_llm", "build inference_stack runtime version_overrides"),
        (
            "trt_llm.build",
            """
            base_model max_seq_len max_batch_size max_num_tokens max_beam_width max_prompt_embedding_table_size
            checkpoint_repository gather_all_token_logits strongly_typed quantization_type quantization_config
            tensor_parallel_count pipeline_parallel_count moe_expert_parallel_option sequence_parallel_count
            plugin_configuration num_builder_gpus speculator lora_adapters lora_configuration skip_build_result
            """
        ),
        ("trt_llm.build.checkpoint_repository", "source repo revision runtime_secret_name"),
        ("trt_llm.build.quantization_config", "calib_size calib_dataset calib_max_seq_length"),
        ("trt_llm.build.plugin_configuration", "paged_kv_cache use_paged_context_fmha use_fp8_context_fmha"),
        (
            "trt_llm.build.speculator",
            """
            speculative_decoding_mode num_draft_tokens checkpoint_repository runtime build lookahead_windows_size
            lookahead_ngram_size lookahead_verification_set_size enable_b10_lookahead
            """
        ),
        ("trt_llm.build.speculator.checkpoint_repository", "source repo revision runtime_secret_name"),
        ("trt_llm.build.speculator.runtime", runtime), ("trt_llm.runtime", runtime),
        (
            "trt_llm.runtime",
            "max_seq_len max_batch_size max_num_tokens tensor_parallel_size enable_chunked_prefill patch_kwargs"
        ),
        ("trt_llm.build.lora_configuration", "max_lora_rank lora_target_modules"),
        (
            "trt_llm.version_overrides",
            "engine_builder_version briton_version bei_version bei_bert_version v2_llm_version"
        ),
    ]

    private static let runtime = """
        kv_cache_free_gpu_mem_fraction kv_cache_host_memory_bytes lora_cache_max_adapter_size
        lora_cache_optimal_adapter_size lora_cache_gpu_memory_fraction lora_cache_host_memory_bytes
        enable_chunked_context batch_scheduler_policy request_default_max_tokens served_model_name
        total_token_limit webserver_default_route
        """

    private static let paths = sections.flatMap { section, keys in
        keys.split(whereSeparator: \.isWhitespace).map { section.isEmpty ? String($0) : "\(section).\($0)" }
    }

    @Test("every key of the schema is honoured, warned about or refused")
    func whole() {
        #expect(Set(Self.paths).count == 233)
        var counts = [0, 0, 0]
        for path in Self.paths {
            switch ConfigKeys.effect(of: path) {
            case .honoured?: counts[0] += 1
            case .warned?: counts[1] += 1
            case .refused?: counts[2] += 1
            case nil: Issue.record("\(path) has no effect")
            }
        }
        #expect(counts == [66, 23, 144])
    }

    @Test("the table has no key that neither the schema nor this server knows")
    func nothingElse() {
        let own: Set<String> = [
            "model_metadata.slipway", "model_metadata.slipway.egress", "external_data[].sha256",
            // Known upstream, though not of its schema.
            "hf_cache", "resources.use_gpu", "runtime.num_workers",
        ]
        #expect(Set(ConfigKeys.table.keys).subtracting(Self.paths) == own)
    }

    @Test("defaults and empty values say nothing")
    func unset() throws {
        let config = try TrussConfig(
            yaml: """
                weights: []
                model_cache: []
                trt_llm: null
                live_reload: false
                runtime: {remote_ssh: {enabled: false}, oidc: {enabled: null}}
                docker_server: null
                resources: {use_gpu: false, node_count: 1}
                build: {model_server: TrussServer, arguments: {}}
                """)
        #expect(config.warnings.isEmpty)
    }

    @Test(
        "what has no effect is told by name and line",
        arguments: [
            ("runtime:\n  remote_ssh:\n    enabled: true", "runtime.remote_ssh.enabled", 3),
            ("live_reload: true", "live_reload", 1),
            ("runtime:\n  oidc: {enabled: true}", "runtime.oidc.enabled", 2),
            ("base_image:\n  image: python:3.11-slim", "base_image.image", 2),
            ("base_image:\n  image: docker.io/library/python:3.12@sha256:aa", "base_image.image", 2),
            ("resources:\n  fabric: {use_rdma: true}", "resources.fabric", 2),
            ("build:\n  arguments: {a: b}", "build.arguments", 2),
            ("model_metadata.x: 1", "model_metadata.x", 1),
            (
                "secrets:\n  DOCKER_REGISTRY_https://index.docker.io/v1/: null",
                "secrets.DOCKER_REGISTRY_https://index.docker.io/v1/", 2
            ),
        ])
    func warned(yaml: String, key: String, line: Int) throws {
        let warnings = try TrussConfig(yaml: yaml).warnings
        #expect(warnings.map(\.path) == [key])
        #expect(warnings.first?.line == line)
    }

    @Test(
        "what would be missing from what runs is refused by name and line",
        arguments: [
            ("weights:\n- {source: 'hf://a/b', mount_location: /w}", "weights", 1),
            ("hf_cache: [{repo_id: a}]", "hf_cache", 1), ("bdn: {hotload: {enabled: true}}", "bdn", 1),
            ("resources:\n  node_count: 2", "resources.node_count", 2),
            ("docker_server:\n  no_build: true", "docker_server.no_build", 2),
            ("base_image:\n  image: vllm/vllm-openai:v0.7.3", "base_image.image", 2),
            ("base_image:\n  image: localhost:5000/python", "base_image.image", 2),
            ("build:\n  model_server: TRT_LLM", "build.model_server", 2),
            ("trt_llm:\n  build: {}\n  runtime: {}", "trt_llm", 1),
            ("external_data:\n- {url: 'http://a/b', local_data_path: x}", "external_data[0].url", 2),
            (
                "external_data:\n- {url: 'https://a/b', local_data_path: x, backend: s3}",
                "external_data[0].backend", 2
            ),
            (
                "external_data:\n- {url: 'https://a/b', local_data_path: x, sha256: zz}",
                "external_data[0].sha256", 2
            ),
            ("build:\n  secret_to_path_mapping: {a: /etc/x}", "build.secret_to_path_mapping.a", 2),
            ("build:\n  secret_to_path_mapping: {a: /app/../etc/x}", "build.secret_to_path_mapping.a", 2),
            ("build:\n  secret_to_path_mapping: {../a: /run/a}", "build.secret_to_path_mapping.../a", 2),
            (
                "runtime:\n  health_checks: {startup_threshold_seconds: -1}",
                "runtime.health_checks.startup_threshold_seconds", 2
            ),
        ])
    func refused(yaml: String, key: String, line: Int) {
        let error = #expect(throws: ConfigError.self) { try TrussConfig(yaml: yaml) }
        #expect(
            error?.problems.contains { $0.path == key && $0.line == line } == true,
            "\(String(describing: error))")
    }

    @Test("sections that are honoured by values of their own")
    func values() throws {
        let sum = String(repeating: "Ab", count: 32)
        let config = try TrussConfig(
            yaml: """
                runtime:
                  health_checks:
                    restart_check_delay_seconds: 1
                    restart_threshold_seconds: 2
                    stop_traffic_threshold_seconds: 3
                    startup_threshold_seconds: 4
                docker_server:
                  start_command: x
                  server_port: 80
                  predict_endpoint: /
                  readiness_endpoint: /
                  liveness_endpoint: /live
                  run_as_user_id: 1234567
                build: {secret_to_path_mapping: {token: /run//secrets/token}}
                external_data:
                - {url: 'https://host/file?signature=s3cret', local_data_path: a/b, sha256: \(sum)}
                system_packages: ['ffmpeg libsm6', jq=1.6]
                """)
        var health = HealthChecks()
        (health.restartDelay, health.restartThreshold) = (1, 2)
        (health.stopTrafficThreshold, health.startupThreshold) = (3, 4)
        #expect(config.healthChecks == health)
        #expect(config.dockerServer?.runAsUser == 1_234_567)
        #expect(config.buildSecrets == ["token": "/run/secrets/token"])
        #expect(config.externalData.map(\.path) == ["a/b"])
        #expect(config.externalData.map(\.publicURL) == ["https://host/file"])
        #expect(config.externalData.map(\.sha256) == [sum.lowercased()])
        #expect(config.systemPackages == ["ffmpeg", "libsm6", "jq=1.6"])
    }

    @Test("use_gpu asks for nothing by itself, and that is said")
    func useGPU() throws {
        for (yaml, isTold) in [
            ("use_gpu: true", true), ("use_gpu: false", false), ("accelerator: T4", false),
        ] {
            let config = try TrussConfig(
                canonical: isTold ? "{}" : #"{"resources":{"accelerator":"T4"}}"#, namesPythonVersion: false,
                yaml: "resources:\n  \(yaml)\n")
            #expect(
                config.warnings.contains { $0.description.contains("resources.use_gpu (line 2") } == isTold)
        }
    }

    @Test("what the official package makes of a config is taken, with the lines of the text")
    func canonical() throws {
        let yaml = "base: &b {A: 1}\nenvironment_variables:\n  <<: *b\n  B: 0x1F\nlive_reload: true\n"
        let config = try TrussConfig(
            canonical:
                #"{"environment_variables":{"A":"1","B":"31"},"live_reload":true,"python_version":"py313","resources":{"cpu":"1","memory":"2Gi","accelerator":null,"use_gpu":false}}"#,
            namesPythonVersion: false, loaderWarnings: ["said upstream"], yaml: yaml)
        #expect(config.environmentVariables == ["A": "1", "B": "31"])
        #expect(!config.namesPythonVersion && config.raw == yaml)
        #expect(
            config.warnings.map(\.description) == [
                "said upstream",
                "live_reload (line 5, column 1): has no effect: `truss watch` and live patches reload without it",
            ])
        let rejection = ConfigRejection(problems: [
            .init(path: ["environment_variables", "B", "x"], message: "no")
        ])
        #expect(
            ConfigError(rejection, yaml: yaml).description
                == "environment_variables.B.x (line 4, column 3): no")
    }
}
