"""Servers with replicas that have a way out: one that is root and one that is not."""

import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from harness import API, BINARY, ROOT, Server, discard, eventually
from hostile.network import files
from test_isolation_user import AS_USER, NOBODY, make_tools

PORT = 18700
REFUSED = {"ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "EPERM", "EACCES", "TimeoutError"}


class Site:
    """A server of root or of an ordinary user on a directory of its own."""

    def __init__(self, kind, place, without=(), port=PORT):
        self.kind, self.place, self.port = kind, place, port
        place.mkdir(mode=0o755, exist_ok=True)
        command = []
        tools = ROOT / ".venv"
        if kind == "user":
            for name in ("data", "home"):
                (place / name).mkdir(mode=0o700, exist_ok=True)
                os.chown(place / name, NOBODY, NOBODY)
            shutil.copy(BINARY, place / "slipway")
            tools = place / "tools"
            if not tools.exists():
                make_tools(tools)
            command = [*AS_USER, str(place / "slipway")]
        self.server = Server(
            place / "data", port=port, inference_port=port + 1, on_exit="stop" if without else "keep", arguments=["--tools-dir", str(tools)],
            environment={**os.environ, "HOME": str(place / "home"), "SLIPWAY_TEST_WITHOUT_WALLS": ",".join(without)},
        )  # fmt: skip
        self.server.command = [*(command or self.server.command[:1]), *self.server.command[1:]]
        self.server.start()
        self.api = API(self.server.key, f"http://localhost:{port}")

    def push(self, name, truss, replace=(), **options):
        content = files(truss)
        content["config.yaml"] = content["config.yaml"].replace(truss.replace("_", "-"), name)
        for key, value in dict(replace).items():
            content[key] = content.get(key, "") + value
        ids = self.api.pushed(name, content, **options)
        if "status" not in options:
            eventually(lambda: self.api.get(f"/v1/models/{ids[0]}")["production_deployment_id"])
        return ids

    def model(self, truss, **options):
        """One of this Truss, pushed once."""
        name = truss.replace("_", "-")
        found = [one for one in self.api.get("/v1/models")["models"] if one["name"] == name]
        return found[0]["id"] if found else self.push(name, truss, **options)[0]

    def predict(self, model, **arguments):
        answer = self.api.session.post(
            f"{self.api.management}/model/{model}/production/predict", json=arguments, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def records(self):
        return [json.loads(path.read_text()) for path in self.server.data.glob("engine/replicas/*/replica.json")]

    def record(self, model):
        current = self.api.get(f"/v1/models/{model}")["production_deployment_id"]
        return next(record for record in self.records() if record["deploymentID"] == current)

    def kill(self):
        """Ends the server by force and starts the next on its replicas."""
        self.server.process.send_signal(signal.SIGKILL)
        self.server.process.wait()
        self.server.start()

    def end(self):
        if "keep" in self.server.command:
            self.server.command[self.server.command.index("keep")] = "stop"
            if self.server.process.poll() is None:
                self.server.stop()
            self.server.start()
        assert self.server.stop() == 0
        assert list((self.server.data / "engine/replicas").iterdir()) == []


@contextlib.contextmanager
def site_of(kind, without=(), port=PORT):
    place = pathlib.Path(tempfile.mkdtemp(prefix="slipway-network-", dir="/opt"))
    place.chmod(0o755)
    made = None
    try:
        made = Site(kind, place, without, port)
        yield made
    finally:
        if made:
            made.end()
        discard(place)


def callers(site, count=60):
    """What clients with a key are answered that take `localhost` as both of its addresses."""

    def call(number):
        connection = http.client.HTTPConnection(("127.0.0.1", "::1")[number % 2], site.port + number // 2 % 2, timeout=20)
        connection.request("GET", "/healthz", headers={"Authorization": f"Api-Key {site.server.key}", "Connection": "close"})
        return connection.getresponse().read().decode()

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return list(pool.map(call, range(count)))


def inside(record, *command):
    """What a command prints in the network of a replica."""
    entry = ["nsenter", "--target", str(record["process"]["pid"]), "--net"]
    return subprocess.run([*entry, *command], capture_output=True, text=True, check=True).stdout
