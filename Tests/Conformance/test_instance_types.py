"""Instance types: the operator's catalogue, GPUs that are found, and what happens when they run out."""

import os
import subprocess

import pytest

from harness import API, BINARY, TOOLS, Server, eventually, truss_files

MODEL = """
import os

class Model:
    def predict(self, model_input):
        return {"gpus": os.environ["CUDA_VISIBLE_DEVICES"], "version": "VERSION"}
"""

CATALOGUE = """
instance_types:
  - {id: small, name: The small one, cpu: 0.5, memory: 512Mi, price_per_minute: 0.25}
  - {id: usual, cpu: 1, memory: 2Gi}
  - {id: card, cpu: 1, memory: 1Gi, gpu: {type: L4, count: 1, memory: 24Gi}}
"""


@pytest.fixture(scope="module")
def api(scratch):
    """A server that finds two GPUs and has a catalogue of its own."""
    tools = scratch / "tools"
    tools.mkdir()
    (tools / "nvidia-smi").write_text("#!/bin/sh\nprintf '0, NVIDIA L4, 23034\\n1, NVIDIA L4, 23034\\n'\n")
    (tools / "nvidia-smi").chmod(0o755)
    catalogue = scratch / "types.yaml"
    catalogue.write_text(CATALOGUE)
    server = Server(
        scratch / "typed", port=8011, inference_port=9092, arguments=[*TOOLS, "--instance-types", str(catalogue)],
        environment={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"},
    ).start()  # fmt: skip
    yield API(server.key, "http://localhost:8011")
    assert server.stop() == 0


def predict(api, model):
    return api.session.post(f"http://localhost:8011/model/{model}/production/predict", json={}, timeout=60).json()


def test_the_catalogue_is_on_offer(api):
    types = {t["id"]: t for t in api.get("/v1/instance_types")["instance_types"]}
    assert set(types) == {"small", "usual", "card"}
    assert types["small"]["name"] == "The small one" and types["small"]["millicpu_limit"] == 500
    assert (types["card"]["gpu_count"], types["card"]["gpu_type"]) == (1, "L4")
    prices = {p["instance_type"]["id"]: p["price"] for p in api.get("/v1/instance_type_prices")["instance_types"]}
    assert prices == {"small": 0.25, "usual": 0, "card": 0}


def test_gpus_are_given_by_index_and_a_third_deployment_says_what_it_waits_for(api):
    config = "resources:\n  accelerator: L4\n  cpu: '1'\n  memory: 1Gi\n"
    pushed = [api.pushed(f"gpu-{n}", truss_files(f"gpu-{n}", MODEL, config=config)) for n in (1, 2)]
    for model, deployment in pushed:
        eventually(lambda: api.get(f"/v1/models/{model}")["production_deployment_id"] == deployment)
    assert {predict(api, model)["gpus"] for model, _ in pushed} == {"0", "1"}
    model, third = api.pushed("gpu-3", truss_files("gpu-3", MODEL, config=config), status=None)
    waiting = "Waiting for 1 × L4, 0 free."
    eventually(lambda: api.deployment(model, third)["status_reason"] == waiting)
    assert api.deployment(model, third)["status"] == "DEPLOYING"
    assert "A replica waits for 1 × L4, 0 free." in api.logs(model, third)
    freed, deployment = pushed[1]
    held = predict(api, freed)["gpus"]
    api.post(f"/v1/models/{freed}/deployments/{deployment}/deactivate")
    api.wait(model, third, "ACTIVE")
    eventually(lambda: api.get(f"/v1/models/{model}")["production_deployment_id"] == third)
    assert predict(api, model)["gpus"] == held
    small, _ = api.pushed("no-gpu", truss_files("no-gpu", MODEL, config="resources:\n  instance_type: small\n"))
    eventually(lambda: api.get(f"/v1/models/{small}")["production_deployment_id"])
    assert predict(api, small)["gpus"] == ""


def test_what_no_type_offers_is_refused(api):
    answer = api.push("too-large", truss_files("too-large", config="resources:\n  accelerator: H100:8\n"))
    assert answer.status_code == 400 and "8 × H100" in answer.json()["message"] and "card" in answer.json()["message"]


@pytest.mark.parametrize(
    "text, words",
    [
        ("instance_types: []", "empty"),
        ("instance_types: [{id: a, cpu: 1}]", "memory"),
        ("instance_types: [{id: a, cpu: one, memory: 1Gi}]", "cpu"),
        ("instance_types: [{id: a, cpu: 0, memory: 1Gi}]", "cpu"),
        ("instance_types: [{id: a, cpu: 1, memory: lots}]", "memory"),
        ("instance_types: [{id: a b, cpu: 1, memory: 1Gi}]", "id"),
        ("instance_types: [{id: a, cpu: 1, memory: 1Gi}, {id: a, cpu: 1, memory: 1Gi}]", "twice"),
        ("instance_types: [{id: a, cpu: 1, memory: 1Gi, gpu: {type: L4, count: 0}}]", "count"),
        ("instance_types: [", "types.yaml"),
        (None, "types.yaml"),
    ],
)
def test_a_bad_catalogue_is_named_at_the_start(scratch, tmp_path, text, words):
    catalogue = tmp_path / "types.yaml"
    if text is not None:
        catalogue.write_text(text)
    done = subprocess.run(
        [str(BINARY), "serve", "--data-dir", str(tmp_path / "data"), "--port", "0", "--inference-port", "0",
         "--instance-types", str(catalogue)],
        capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert done.returncode != 0 and words in done.stderr and "types.yaml" in done.stderr, done.stderr
