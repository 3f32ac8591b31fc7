"""Configs mean here what they mean to the official package: the same are taken, and what of them has no effect is said."""

import re
import warnings

import pytest
import yaml
from configs import configs
from harness import truss_files
from truss.base.truss_config import TrussConfig

# What the official package takes and this server refuses, each with its reason.
REFUSED = {
    "weights", "model_cache", "hf_cache", "cache_internal", "bdn", "training_checkpoints", "trt_llm", "bis_llm",
    "docker_server.no_build", "base_image.image", "build.model_server", "resources.node_count", "resources.memory", "resources.cpu",
    "system_packages", "external_data[0].url", "external_data[0].backend", "data_dir", "requirements[0]", "requirements[1]",
    "runtime.egress_restrictions.fqdn_allow_list", "runtime.transport.kind", "runtime.predict_concurrency", "resources",
    "secrets.../a", "docker_server.start_command",
}  # fmt: skip


def official(path, text):
    """Whether the official package takes a config, and the keys it does not know."""
    path.write_text(text, newline="")
    try:
        config = TrussConfig.from_yaml(path)
    except Exception as error:
        return f"{type(error).__name__}: {error}", []
    try:
        config.validate_forbid_extra()
    except ValueError as error:
        return None, re.findall(r"Extra fields not allowed: \[([^\]]*)\]", str(error))
    return None, []


def keys(message):
    """The keys that a refusal names."""
    return set(re.findall(r"(?:^|; )([^ ;]+)(?: \(line [^)]*\))?: ", message.removeprefix("config.yaml: ")))


def dry_run(api, text):
    deployment = {"config": {"model_name": "compared"}, "raw_config": text}
    return api.call(
        "POST", "/v1/prepare_model_upload", json={"name": "compared", "deployment": deployment, "dry_run": True}
    )


def test_the_same_configs_are_taken_as_by_the_official_package(api, tmp_path):
    mismatches, taken, refused = [], 0, 0
    texts = configs()
    assert len(texts) >= 200, len(texts)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for text in texts:
            problem, unknown = official(tmp_path / "config.yaml", text)
            answer = dry_run(api, text)
            message = answer.json().get("message", "")
            if problem is not None:
                good = answer.status_code == 400
            elif answer.status_code == 400:
                slips = "unknown key; did you mean" in message and unknown
                good = slips or (keys(message) and keys(message) <= REFUSED)
            else:
                told = answer.json()["warnings"]
                good = answer.status_code == 200 and all(
                    any(name in line for line in told) for names in unknown for name in names.split(", ")
                )
            taken += problem is None and answer.status_code == 200
            refused += problem is not None
            if not good:
                mismatches.append((text, problem, unknown, answer.text))
    assert not mismatches, f"{len(mismatches)}: {mismatches[:5]}"
    # Neither side of the comparison is empty.
    assert taken > 50 and refused > 50, (taken, refused)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("model_name: x\nresources:\n  memory: lots\n", "resources.memory (line 3, column 3): Invalid memory unit"),
        ("model_name: x\nruntime:\n", "runtime (line 2, column 1): expected a mapping"),
        ("model_name: x\n  resources: 1\n", "(line 2, column"),
        ("model_name: x\nbuild_commands:\n- a\n- [b]\n", "build_commands[1] (line 4, column 3)"),
        # Each kept a reader busy for many seconds.
        ("model_name: a\nx: " + "[" * 20_000, "too deep or too large"),
        ("model_name: a\nx: " + "[" * 5000 + "]" * 5000, "too deep or too large"),
        ("model_name: a\nx:\n  " + "- " * 5000 + "a", "too deep or too large"),
        # It stands for 4^20 texts, which no other reader is shown.
        ("m0: &m0 [x, x, x, x]\n" + "".join(f"m{i}: &m{i} [{', '.join([f'*m{i - 1}'] * 4)}]\n" for i in range(1, 20)), "too deep or too large"),
        ("model_name: x\nresources:\n  accelerator: K80\n", "resources.accelerator (line 3, column 3): Unsupported accelerator"),
    ],
)  # fmt: skip
def test_what_the_official_package_refuses_is_told_with_its_line(api, text, expected):
    answer = dry_run(api, text)
    assert answer.status_code == 400 and expected in answer.json()["message"], answer.text


def test_yaml_means_what_it_means_to_the_official_package(api):
    """Merge keys, duplicate keys, and numbers that stay text; the push says so, and the model sees the same."""
    model = """
import os

class Model:
    def predict(self, model_input):
        return {name: os.environ.get(name) for name in ("MERGED", "TWICE", "NUMBER", "FLAG", "DATE")}
"""
    config = """
common: &common
  MERGED: from the anchor
environment_variables:
  <<: *common
  TWICE: first
  TWICE: second
  NUMBER: 017
  FLAG: yes
  DATE: 2024-01-01
runtime:
  remote_ssh:
    enabled: true
secrets:
  not_there: null
"""
    answer = api.push("meanings", truss_files("meanings", model=model, config=config))
    assert answer.status_code == 200, answer.text
    warnings = "\n".join(answer.json()["warnings"])
    for expected in (
        "duplicate key `TWICE`", "runtime.remote_ssh.enabled (line ", "secrets.not_there (line ", "common (line 4, column 1): unknown key",
    ):  # fmt: skip
        assert expected in warnings, warnings
    ids = answer.json()["model"]["id"], answer.json()["deployment"]["id"]
    # Its files would lie over the machine's /usr.
    api.wait(*ids, "ACTIVE")
    expected = {"MERGED": "from the anchor", "TWICE": "second", "NUMBER": "15", "FLAG": "true", "DATE": "2024-01-01"}
    assert api.predict(ids[0], f"deployment/{ids[1]}/predict", json={}).json() == expected
    log = api.logs(*ids)
    assert "runtime.remote_ssh.enabled" in log and "duplicate key `TWICE`" in log, log
    shown = api.get(f"/v1/models/{ids[0]}/deployments/{ids[1]}/config")
    assert shown["config"]["environment_variables"] == expected
    assert shown["config"]["resources"] == {"cpu": "1", "memory": "2Gi", "accelerator": None, "use_gpu": False}
    assert yaml.safe_load(shown["raw_config"])["environment_variables"]["TWICE"] == "second"
