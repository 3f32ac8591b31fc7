"""Machines that cannot give replicas their walls: nothing of a user is built or started there, and the reason says
what is missing. Such a machine is a user namespace in which no further ones, or no mounts, can be had."""

import contextlib
import os
import pathlib
import subprocess
import tempfile

import pytest
from harness import API, BINARY, ROOT, Server, discard, eventually, truss_files

PORT = 18890
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can map all users")

READS = """
class Model:
    def predict(self, path):
        return open(path).read().strip()
"""


@contextlib.contextmanager
def poor_machine():
    """The words before a command that run it where it is root and has no namespaces of networks to give."""
    holder = subprocess.Popen(["unshare", "--user", "sleep", "600"])
    place = f"/proc/{holder.pid}"
    try:
        eventually(lambda: os.readlink(f"{place}/ns/user") != os.readlink("/proc/self/ns/user"))
        for name in ("uid_map", "gid_map"):
            pathlib.Path(f"{place}/{name}").write_text("0 0 65536\n")
        limit = 'echo 0 > /proc/sys/user/max_net_namespaces && exec "$@"'
        yield ["nsenter", f"--user={place}/ns/user", "--preserve-credentials", "sh", "-c", limit, "-"]
    finally:
        holder.kill()
        holder.wait()


def announced(name):
    return {"name": name, "deployment": {"config": {"model_name": name}}}


@contextlib.contextmanager
def served(prefix, *arguments):
    data = pathlib.Path(tempfile.mkdtemp(prefix="slipway-poor-", dir="/var/tmp"))
    server = Server(
        data, port=PORT, inference_port=0, arguments=["--tools-dir", str(ROOT / ".venv"), *arguments]
    )
    server.command = [*prefix, *server.command]
    try:
        server.start()
        yield server, API(server.key, f"http://localhost:{PORT}")
    finally:
        assert server.stop() == 0
        discard(data)


def test_without_walls_nothing_is_started_and_the_reason_says_what_is_missing():
    with poor_machine() as prefix, served(prefix) as (server, api):
        # The config of a push would be read behind walls, too.
        refused = api.call("POST", "/v1/prepare_model_upload", json=announced("walls"))
        assert refused.status_code == 503, refused.text
        assert "--isolation none does without" in refused.json()["message"], refused.text
        assert str(server.data) not in refused.text
        said = subprocess.run(
            [*prefix, str(BINARY), "doctor", "--data-dir", str(server.data)], capture_output=True, text=True
        ).stdout
        assert "nothing is built or started" in said, said
    # Whoever says so does without: then a model reads what it likes of the server.
    with poor_machine() as prefix, served(prefix, "--isolation", "none") as (server, api):
        model, deployment = api.pushed("walls", truss_files("walls", model=READS))
        url = f"http://localhost:{PORT}/model/{model}/deployment/{deployment}/predict"
        answer = api.session.post(url, json=str(server.data / "admin-api-key"), timeout=30)
        assert answer.json() == server.key
