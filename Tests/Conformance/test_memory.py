"""What happens when there is little memory, or none left: the server lives with little, and a replica goes first."""

import contextlib
import os
import pathlib
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from harness import TOOLS, Server, api_of, eventually, model_server, truss_files

GROUPS = pathlib.Path("/sys/fs/cgroup")
LITTLE = 256 << 20

HUNGRY = """
class Model:
    def predict(self, model_input):
        if model_input.get("mib"):
            self.kept = bytearray(model_input["mib"] << 20)
            for page in range(0, len(self.kept), 4096):
                self.kept[page] = 1
        return {"ok": True}
"""


class Group:
    """A control group of the machine with a limit of memory, for what a test starts in it."""

    def __init__(self, name, limit):
        old = GROUPS / "memory"
        self.path = (old if old.is_dir() else GROUPS) / f"slipway-test-{name}-{os.getpid()}"
        self.path.mkdir()
        self.limit(limit)

    def limit(self, limit):
        limits = {"memory.limit_in_bytes": limit} if self.path.parent.name == "memory" else {"memory.max": limit, "memory.swap.max": 0}
        for file, value in limits.items():
            (self.path / file).write_text(str(value))
        swap = self.path / "memory.memsw.limit_in_bytes"
        if swap.exists():
            swap.write_text(str(limit))

    def kills(self):
        for name in ("memory.oom_control", "memory.events"):
            if (self.path / name).exists():
                counts = dict(line.split() for line in (self.path / name).read_text().splitlines())
                return int(counts["oom_kill"])
        raise RuntimeError("the kernel counts no ends for want of memory")

    def holds(self, pid):
        return str(pid) in (self.path / "cgroup.procs").read_text().split()

    def wrap(self, server, prepare=""):
        script = f'echo $$ > {self.path}/cgroup.procs; {prepare} exec "$0" "$@"'
        server.command = ["unshare", "--mount", "sh", "-ec", script, *server.command]
        return server


@pytest.fixture
def group(request):
    made = []

    def make(limit):
        try:
            made.append(Group(request.node.name[5:25], limit))
        except OSError as error:
            pytest.skip(f"no control group can be made here: {error}")
        return made[0]

    yield make
    for one in made:
        eventually(lambda: one.path.rmdir() is None if not (one.path / "cgroup.procs").read_text() else None, 20)


def little_server(data, port):
    return Server(data, port=port, inference_port=0, arguments=TOOLS)


def predict(server, model, body):
    return requests.post(
        f"http://model-{model}.api.localhost:{server.port}/production/predict", json=body, timeout=120,
        headers={"Authorization": f"Api-Key {server.key}"},
    )  # fmt: skip


def test_a_server_with_little_memory_takes_what_is_larger_than_it(scratch, group):
    """An archive and bodies that would not fit all go through a server that may have 256 MiB for itself and its builds."""
    limited = group(2 << 30)
    server = limited.wrap(little_server(scratch / "little", 18400)).start()
    pid = server.process.pid
    try:
        if not limited.holds(pid):
            pytest.skip("the server has a control group of its own here")
        api = api_of(server)
        # The installer of the Python environment needs more.
        api.pushed("first", truss_files("first"))
        limited.limit(LITTLE)
        files = truss_files("little", model=HUNGRY.replace('{"ok": True}', '{"length": len(model_input["data"])}'))
        files["data/weights.bin"] = os.urandom(1 << 20) * 384
        model, deployment = api.pushed("little", files)
        body = {"data": "x" * (8 << 20)}

        def call(_):
            answer = predict(server, model, body)
            assert answer.status_code == 200, answer.text[:300]
            assert answer.json() == {"length": len(body["data"])}

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(call, range(48)))
        connections = []
        with contextlib.ExitStack() as stack:
            for _ in range(200):
                session = stack.enter_context(requests.Session())
                session.headers.update(api.session.headers)
                connections.append(session)
            for session in connections:
                assert session.get(f"{api.management}/v1/models", timeout=60).status_code == 200
        assert api.deployment(model, deployment)["status"] == "ACTIVE"
        assert server.process.poll() is None and limited.kills() == 0
    finally:
        server.stop()


def test_a_replica_ends_before_the_server_when_memory_runs_out(scratch, group):
    """Without groups of their own all share what there is; the kernel ends the replica, and it is replaced."""
    shared = group(512 << 20)
    server = little_server(scratch / "hungry", 18410)
    shared.wrap(server, "mount -t tmpfs none /sys/fs/cgroup;").start()
    pid = server.process.pid
    try:
        api = api_of(server)
        model, deployment = api.pushed("hungry", truss_files("hungry", model=HUNGRY))
        (replica,) = [path.name for path in (server.data / "engine/replicas").iterdir()]
        process = model_server(replica)
        assert shared.holds(process) and shared.holds(pid)
        scores = [int(pathlib.Path(f"/proc/{one}/oom_score_adj").read_text()) for one in (pid, process)]
        assert scores[1] >= max(scores[0], 500)
        answer = predict(server, model, {"mib": 1024})
        assert answer.status_code >= 500, answer.text
        assert shared.kills() >= 1
        assert server.process.poll() is None
        eventually(lambda: model_server(replica) is None, 20)
        eventually(lambda: predict(server, model, {}).status_code == 200, 60)
        assert server.process.pid == pid and api.deployment(model, deployment)["status"] == "ACTIVE"
    finally:
        server.stop()
