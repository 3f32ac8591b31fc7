"""Configs in the style of real ones, made from parts: what the official package and the server make of each is compared
by `test_configs.py`."""

import itertools
import random

import yaml

LLM = {
    "model_name": "llama-chat", "python_version": "py311", "model_metadata": {
        "example_model_input": {"messages": [{"role": "user", "content": "Hi"}], "stream": True, "max_tokens": 512},
        "tags": ["openai-compatible"]},
    "requirements": ["vllm==0.6.3", "transformers>=4.40", "torch"], "resources": {"accelerator": "H100:2", "use_gpu": True},
    "secrets": {"hf_access_token": None}, "runtime": {"predict_concurrency": 256}, "environment_variables": {"VLLM_LOGGING_LEVEL": "WARNING"},
}  # fmt: skip
DIFFUSION = {
    "model_name": "sdxl", "description": "Images from text", "python_version": "py310", "system_packages": ["ffmpeg", "libsm6", "libxext6"],
    "requirements": ["diffusers", "accelerate", "--extra-index-url https://download.pytorch.org/whl/cu121"],
    "resources": {"cpu": "4", "memory": "16Gi", "accelerator": "A10G"}, "external_package_dirs": [], "model_cache": [],
    "examples_filename": "examples.yaml", "spec_version": "2.0",
}  # fmt: skip
EMBEDDINGS = {
    "model_name": "bge", "python_version": "py312", "requirements": ["sentence-transformers==3.0.1"],
    "resources": {"cpu": "2", "memory": "4Gi"}, "runtime": {"predict_concurrency": 64, "streaming_read_timeout": 120},
    "external_data": [{"url": "https://example.com/bge.safetensors", "local_data_path": "bge/model.safetensors"}],
}  # fmt: skip
SERVER = {
    "model_name": "own-server", "base_image": {"image": "python:3.11-slim"}, "build_commands": ["pip list", "mkdir -p /app/x\ntouch /app/x/y\n"],
    "docker_server": {"start_command": "sh -c 'python3 /app/data/server.py'", "server_port": 8000, "predict_endpoint": "/v1/predict",
                      "readiness_endpoint": "/health", "liveness_endpoint": "/health"},
    "runtime": {"health_checks": {"startup_threshold_seconds": 600, "restart_threshold_seconds": 60}, "transport": {"kind": "http"}},
}  # fmt: skip
OLD = {
    "model_name": "sklearn", "model_framework": "custom", "model_type": "Model", "model_class_name": "Model", "model_class_filename": "model.py",
    "model_module_dir": "model", "data_dir": "data", "bundled_packages_dir": "packages", "input_type": "Any", "live_reload": False,
    "environment_variables": {}, "secrets": {}, "python_version": "py39", "resources": {"cpu": "500m", "memory": "512Mi", "use_gpu": False},
    "spec_version": "2.0", "requirements": [], "system_packages": [], "runtime": {"num_workers": 1},
}  # fmt: skip
FAMILIES = [LLM, DIFFUSION, EMBEDDINGS, SERVER, OLD]

# One change each: a path and what is put there; most are good somewhere and bad elsewhere.
CHANGES = [
    ("python_version", value) for value in ("py313", "py314", "py38", "py27", "3.11", 3.11, 311, "python3.11", None, ["py311"])
] + [
    ("resources.cpu", value) for value in ("1", 1, 1.5, "1500m", "m", "one", None, "")
] + [
    ("resources.memory", value) for value in ("2Gi", "512Mi", "2GB", "2 Gi", 1024, "lots", "1.5G", "", None)
] + [
    ("resources.accelerator", value) for value in ("L4", "L4:1", "L4:0", "H100:many", "K80", "", None, "A100:8", 4, {"accelerator": "T4"})
] + [
    ("resources", value) for value in (None, {}, [], "small", {"instance_type": "L4:4x16"}, {"node_count": 2}, {"node_count": "2"}, {"node_count": 1})
] + [
    ("runtime", value) for value in (None, {}, {"num_workers": 4}, {"transport": {"kind": "grpc"}}, {"transport": {"kind": "carrier"}},
        {"is_websocket_endpoint": True}, {"transport": {}}, {"transport": None}, {"remote_ssh": {"enabled": True}}, {"oidc": {"enabled": True}},
        {"truss_server_version_override": "0.9.0"}, {"truss_server_version_override": "new"}, {"enable_tracing_data": "yes"},
        {"egress_restrictions": {"ip_allow_list": ["10.0.0.0/8"]}}, {"egress_restrictions": {"ip_allow_list": ["10.0.0.300"]}},
        {"egress_restrictions": {"fqdn_allow_list": ["*.example.com"]}}, {"egress_restrictions": {}},
        {"health_checks": {"startup_threshold_seconds": "60"}}, {"health_checks": {"startup_threshold_seconds": "soon"}}, {"health_checks": None})
] + [
    ("requirements", value) for value in (None, "torch", [1], ["torch", None], ["git+https://github.com/a/b.git"], ["-e ."], [{"torch": "2"}])
] + [
    ("secrets", value) for value in (None, {"a": "b"}, {"a": 1}, ["a"], {"DOCKER_REGISTRY_https://index.docker.io/v1/": None}, {"../a": None})
] + [
    ("environment_variables", value) for value in (None, {"A": 1, "B": True, "C": 1.50}, {"A": None}, {"A": ["x"]}, ["A"], {"PORT": "1"}, {1: "x"})
] + [
    ("docker_server", value) for value in (None, {}, {"server_port": 1}, {"no_build": True, "server_port": 1, "predict_endpoint": "/",
        "readiness_endpoint": "/", "liveness_endpoint": "/"}, {**SERVER["docker_server"], "run_as_user_id": 0},
        {**SERVER["docker_server"], "run_as_user_id": 1234567}, {**SERVER["docker_server"], "server_port": "8000"})
] + [
    ("build", value) for value in (None, {"no_cache": True}, {"arguments": {"a": 1}}, {"model_server": "TRT_LLM"}, {"model_server": "Triton"},
        {"secret_to_path_mapping": {"hf": "/run/secrets/hf"}}, {"secret_to_path_mapping": {"h f": "/run/secrets/hf"}}, {"secret_to_path_mapping": {"hf": 1}})
] + [
    ("weights", value) for value in ([], None, [{"source": "hf://a/b", "mount_location": "/models"}], [{"source": "a/b", "mount_location": "/m"}], [{"source": "hf://a/b"}])
] + [
    ("model_cache", value) for value in (None, [{"repo_id": "a/b"}], [{"repo_id": "a/b", "revision": "main", "use_volume": True, "volume_folder": "w"}])
] + [
    ("external_data", value) for value in (None, [], [{"url": "http://example.com/x", "local_data_path": "x"}], [{"url": "https://example.com/x"}],
        [{"url": "", "local_data_path": "x"}], [{"url": "https://example.com/x", "local_data_path": "x", "backend": "s3"}], {"url": "x"})
] + [
    ("base_image", value) for value in (None, {"image": "vllm/vllm-openai:v0.7.3"}, {"image": "python:3.11", "python_executable_path": "bin/python"},
        {"image": "nvcr.io/nvidia/nemo:23.03", "docker_auth": {"auth_method": "GCP_SERVICE_ACCOUNT_JSON"}}, "python:3.11")
] + [
    ("trt_llm", value) for value in (None, {}, {"build": {"base_model": "llama", "checkpoint_repository": {"source": "HF", "repo": "a/b"}, "max_seq_len": 4096}})
] + [
    ("model_name", value) for value in (None, 12, "", ["a"], True)
] + [
    ("training_checkpoints", {"artifact_references": [{"training_job_id": "a"}]}), ("bis_llm", {"version": "1"}), ("live_reload", "maybe"), ("live_reload", True),
    ("requirements_file", "requirements.txt"), ("system_packages", "ffmpeg"), ("system_packages", ["no-such-package-here"]), ("system_packages", None),
    ("build_commands", "make"), ("build_commands", [["make"]]), ("description", 5), ("model_metadata", None), ("model_metadata", ["a"]),
    ("requirments", ["torch"]), ("my_notes", "kept"), ("resources.gpu", 1), ("runtime.timeout", 5), ("external_package_dirs", None), ("data_dir", "/etc"),
    ("cache_internal", None), ("use_local_src", True), ("apply_library_patches", False), ("bundled_packages_dir", None), ("spec_version", 2.0), ("hf_cache", [{"repo_id": "a/b"}]),
]  # fmt: skip

# What only the text of a document shows.
TEXTS = [
    "", "~\n", "{}\n", "model_name: a\n", "- a\n", "just text\n", "model_name: [\n", "model_name: 'a\n", "\tmodel_name: a\n", "model_name: a\nmodel_name: b\n",
    "resources: {cpu: '1'}\nresources: {cpu: '2'}\n", "model_name: a\n---\nmodel_name: b\n", "model_name: a\n...\n", "%YAML 1.1\n---\nmodel_name: a\n",
    "x: &r {cpu: '2', memory: 4Gi}\nresources:\n  <<: *r\n  memory: 8Gi\n", "x: &r {cpu: '2'}\nresources: *r\n", "resources:\n  <<: [{cpu: '2'}, {memory: 1Gi}]\n",
    "resources:\n  <<: 7\n", "resources: *none\n", "environment_variables: {A: yes, B: no, C: on, D: 0o17, E: 0x1F, F: 1_000, G: 1:30, H: 017}\n",
    "environment_variables: {A: 2024-01-01, B: 12e03, C: .inf, D: '007', E: ~, F: !!str 5}\n", "model_name: 007\n", "model_name: 1.10\n", "model_name: 2024-01-01\n",
    "model_name: yes\n", "model_name: !!str 1\n", "model_name: !!python/object:os.system x\n", "model_name: !thing x\n", "model_metadata: {when: 2024-01-01T10:00:00Z, n: .nan, b: !!binary aGk=}\n",
    "model_metadata: {1: a, true: b, null: c, 2.5: d}\n", "model_metadata: {? [a, b] : c}\n", "? {a: b}\n: c\n", "1: a\n", "model_name: >\n  folded\n  text\n",
    "model_name: |-\n  literal\n", "build_commands:\n- |\n  a\n  b\n- >-\n  c\n  d\n", "requirements:\n- a # comment\n- 'b#c'\n", "requirements: [a,, b]\n", "requirements: [a, b,]\n",
    "model_name: a\r\nresources:\r\n  cpu: '1'\r\n", "\ufeffmodel_name: a\n", "model_name: a\x07\n", "model_name: \"\\x41\\u00e9\"\n", "model_name: \"\\q\"\n", "model_name: @a\n", "model_name: a: b\n",
    "model_name: a #b\n", "model_name: 'it''s'\n", "resources:\n  cpu: '1'\n memory: 1Gi\n", "resources:\n\tcpu: 1\n", "resources: {cpu: '1', memory: 1Gi\n", "resources:\ncpu: 1\n",
    "python_version: py3.11\n", "python_version: 'py311 '\n", "secrets:\n  a:\n  b:\n", "secrets: {a: null, a: null}\n", "runtime: {predict_concurrency: 1.0}\n",
    "runtime: {predict_concurrency: 1.5}\n", "runtime: {predict_concurrency: '8'}\n", "runtime: {predict_concurrency: true}\n", "runtime: {predict_concurrency: 0x10}\n", "live_reload: on\n", "live_reload: 'on'\n",
]  # fmt: skip


def changed(family, path, value):
    config = yaml.safe_load(yaml.safe_dump(family))
    section, _, key = path.rpartition(".")
    target = config
    if section:
        target = config.setdefault(section, {})
        if not isinstance(target, dict):
            return None
    target[key] = value
    return yaml.safe_dump(config, sort_keys=False, allow_unicode=True)


def configs(seed=13):
    """All of them, the same ones each time: every family, every text, every change in one family, and pairs."""
    chance = random.Random(seed)
    made = list(TEXTS) + [yaml.safe_dump(family, sort_keys=False) for family in FAMILIES]
    for path, value in CHANGES:
        made.append(changed(chance.choice(FAMILIES), path, value))
    plain = {"model_name": "pairs"}
    for one, other in itertools.islice(iter(lambda: chance.sample(CHANGES, 2), None), 10):
        text = changed(plain, *one)
        made.append(text and changed(yaml.safe_load(text), *other))
    return list(dict.fromkeys(text for text in made if text is not None))
