"""What goes wrong around the server: each fault is told plainly, hurts as little as it must, and is over when it is."""

import signal
import subprocess

import faults
import pytest
from harness import API, Server, eventually


@pytest.fixture(scope="session")
def library(scratch):
    return faults.build(scratch)


@pytest.fixture
def faulty(scratch, library, request):
    return faults.Faults(scratch / f"{request.node.name[:60]}.faults", library)


def api_of(server):
    return API(server.key, f"http://api.localhost:{server.port}")


def test_faults_reach_the_server_and_nothing_else(scratch, faulty):
    server = Server(scratch / "shim", port=18300, inference_port=0, environment=faulty.environment()).start()
    api = api_of(server)
    before = faulty.counts()
    api.post("/v1/secrets", {"name": "one", "value": "1"})
    after = faulty.counts()
    assert after["sync"] == before["sync"] + 1 and after["write"] > before["write"]
    children = subprocess.run(["pgrep", "-P", str(server.process.pid)], capture_output=True, text=True).stdout.split()
    for child in children:
        assert b"faults.so" not in open(f"/proc/{child}/environ", "rb").read()
    faulty.set("sync kill-before 2")
    api.post("/v1/secrets", {"name": "two", "value": "2"})
    with pytest.raises(Exception):
        api.post("/v1/secrets", {"name": "three", "value": "3"})
    assert server.process.wait(10) == -signal.SIGKILL
    faulty.clear()
    server.start()
    names = {secret["name"] for secret in api_of(server).get("/v1/secrets")["secrets"]}
    assert {"one", "two"} <= names
    assert server.stop() == 0
