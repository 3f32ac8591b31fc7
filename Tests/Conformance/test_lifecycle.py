"""Activation, crashes of replicas, and restarts of the server."""

import os
import signal

import pytest
import requests
from harness import API, TOOLS, Server, eventually, model_server, truss_files

REPLICA = """
import os

class Model:
    def predict(self, model_input):
        return os.environ["BT_REPLICA_ID"]
"""


def test_deactivate_and_activate(api):
    model, deployment = api.pushed("switch", truss_files("switch"))
    path = f"/v1/models/{model}/deployments/{deployment}"
    assert api.post(f"{path}/activate") == {"success": True}
    assert api.post(f"{path}/deactivate") == {"success": True}
    api.wait(model, deployment, "INACTIVE")
    answer = api.predict(model, f"deployment/{deployment}/predict", json=1)
    assert answer.status_code == 404 and answer.json()["error_code"] == "model_unavailable"
    refused = api.call("POST", f"{path}/promote", json={})
    assert refused.status_code == 400 and "INACTIVE" in refused.json()["message"]
    assert api.post(f"{path}/activate") == {"success": True}
    api.wait(model, deployment, "ACTIVE")
    retry = api.post(f"{path}/retry")
    assert retry["retried"] is False and retry["reason"]


def test_a_killed_replica_is_restarted(api):
    model, deployment = api.pushed("mortal", truss_files("mortal", model=REPLICA))
    predict = f"deployment/{deployment}/predict"
    first = api.predict(model, predict, json={}).json()
    os.kill(model_server(first), signal.SIGKILL)
    eventually(lambda: api.deployment(model, deployment)["status"] != "ACTIVE", seconds=10, every=0.02)
    # It waits for the next replica: one crash is not an outage.
    answer = api.predict(model, predict, json={})
    assert answer.status_code == 200 and answer.json() != first
    api.wait(model, deployment, "ACTIVE")
    log = api.logs(model, deployment)
    assert "UNHEALTHY" in log and "signal 9" in log


@pytest.fixture
def second(scratch):
    """A server of its own on other ports, so that it can be killed."""
    server = Server(scratch / "second", port=18000, inference_port=0, on_exit="keep", arguments=TOOLS).start()
    yield server
    if server.process.poll() is None:
        server.stop()
    # Ends the replicas it left.
    Server(scratch / "second", port=18000, inference_port=0, on_exit="stop", arguments=TOOLS).start().stop()


def test_replicas_outlive_the_server_and_are_adopted(second):
    api = API(second.key, "http://localhost:18000")
    api.upload_host = "http://localhost:18000"
    model, deployment = api.pushed("survivor", truss_files("survivor", model=REPLICA))
    url = f"http://localhost:18000/model/{model}/deployment/{deployment}/predict"

    def replica():
        return requests.post(url, json={}, headers=api.session.headers).json()

    first = replica()
    process = model_server(first)
    second.process.kill()
    second.process.wait()
    assert model_server(first) == process
    second.start()
    assert replica() == first
    assert api.deployment(model, deployment)["status"] == "ACTIVE"
    assert second.stop() == 0
    assert model_server(first) == process
    second.start()
    assert replica() == first
    os.kill(model_server(first), signal.SIGKILL)
    eventually(lambda: api.deployment(model, deployment)["status"] == "UNHEALTHY", seconds=10, every=0.05)
    api.wait(model, deployment, "ACTIVE")
    assert replica() != first
