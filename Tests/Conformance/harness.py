"""A server process, its API and the official client, for the tests and the benchmarks."""

import io
import os
import pathlib
import subprocess
import tarfile
import textwrap
import time

import requests
from blake3 import blake3

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("SLIPWAY_BINARY", ROOT / ".build/debug/slipway"))
TRUSS = ROOT / ".venv/bin/truss"
MANAGEMENT = "http://api.localhost:8000"
APP = "http://localhost:8000"
# For servers that need not install the build tools themselves.
TOOLS = ("--tools-dir", str(ROOT / ".venv"))


def eventually(check, seconds=60, every=0.1, what=None):
    """The first true result of `check`; fails when none comes in time."""
    deadline = time.monotonic() + seconds
    while True:
        result = check()
        if result:
            return result
        assert time.monotonic() < deadline, f"not within {seconds} s: {what or check}"
        time.sleep(every)


def discard(directory):
    """Removes what a server made, beside the tests that follow: a hundred thousand files of environments take minutes."""
    subprocess.Popen(["rm", "-rf", str(directory)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


def model_server(replica):
    """The pid of a replica's model server on this machine; in its own namespace it has another."""
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            variables = (path / "environ").read_bytes().split(b"\0")
            if f"BT_REPLICA_ID={replica}".encode() in variables and b"main.py" in (path / "cmdline").read_bytes():
                return int(path.name)
        except OSError:
            continue
    return None


class Server:
    """A `slipway serve` process on a data directory."""

    def __init__(self, data, port=8000, inference_port=9090, on_exit="stop", arguments=(), environment=None):
        self.data = pathlib.Path(data)
        self.port = port
        self.log = self.data.parent / (self.data.name + ".log")
        self.command = [
            str(BINARY), "serve", "--data-dir", str(self.data), "--port", str(port), "--inference-port",
            str(inference_port), "--replicas-on-exit", on_exit, *arguments,
        ]  # fmt: skip
        self.environment = environment
        self.process = None

    def start(self):
        output = open(self.log, "ab")
        self.process = subprocess.Popen(
            self.command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, env=self.environment
        )
        output.close()
        eventually(self.answers, seconds=30, what=lambda: self.log.read_text())
        return self

    def answers(self):
        assert self.process.poll() is None, self.log.read_text()
        try:
            return requests.get(f"http://localhost:{self.port}/healthz", timeout=10).status_code == 200
        except requests.ConnectionError:
            return False

    def stop(self):
        self.process.terminate()
        return self.process.wait(timeout=60)

    @property
    def key(self):
        return (self.data / "admin-api-key").read_text().strip()


def api_of(server):
    """The API of a server on a port of its own."""
    return API(server.key, f"http://api.localhost:{server.port}")


class API:
    """REST calls with a key; answers are checked by the tests themselves."""

    def __init__(self, key, management=MANAGEMENT):
        self.key = key
        self.management = management
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Api-Key {key}"

    def call(self, method, path, **options):
        return self.session.request(method, self.management + path, timeout=300, **options)

    def get(self, path, **options):
        answer = self.call("GET", path, **options)
        assert answer.status_code == 200, f"GET {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def post(self, path, json=None, **options):
        answer = self.call("POST", path, json={} if json is None else json, **options)
        assert answer.status_code == 200, f"POST {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def deployment(self, model, deployment):
        return self.get(f"/v1/models/{model}/deployments/{deployment}")

    def wait(self, model, deployment, status, seconds=120):
        def reached():
            current = self.deployment(model, deployment)
            if current["status"] == status:
                return current
            ended = {"BUILD_FAILED", "DEPLOY_FAILED", "FAILED", "BUILD_STOPPED"}
            assert current["status"] not in ended, f"{current} {self.logs(model, deployment)}"
            return None

        return eventually(reached, seconds, what=f"{deployment} {status}")

    def logs(self, model, deployment, **parameters):
        parameters.setdefault("direction", "asc")
        parameters.setdefault("limit", 1000)
        page = self.get(f"/v1/models/{model}/deployments/{deployment}/logs", params=parameters)
        return "\n".join(line["message"] for line in page["logs"])

    def predict(self, model, path="production/predict", json=None, **options):
        return self.session.post(
            f"http://model-{model}.api.localhost:8000/{path}", json=json, timeout=60, **options
        )

    def upload(self, files, directory_entries=True):
        """Uploads an archive of `files` through the presigned URL and returns its key."""
        config = {"model_name": "upload"}
        grant = self.post(
            "/v1/prepare_model_upload", {"name": "upload", "deployment": {"config": config}}
        )
        data = files if isinstance(files, bytes) else tar(files)
        answer = requests.put(grant["upload_url"], data=data, timeout=60)
        assert answer.status_code == 200, answer.text
        return grant["s3_key"]

    def push(self, name, files, **deployment):
        """Pushes over REST and returns the answer, whatever it is."""
        key = self.upload(files)
        deployment.setdefault("config", {"model_name": name})
        source = {"kind": "model_archive", "name": name, "deployment": deployment, "s3_key": key}
        return self.call("POST", "/v1/models", json={"source": source})

    def pushed(self, name, files, status="ACTIVE", **deployment):
        """Pushes over REST, waits, and returns the ids of model and deployment."""
        answer = self.push(name, files, **deployment)
        assert answer.status_code == 200, answer.text
        made = answer.json()
        ids = made["model"]["id"], made["deployment"]["id"]
        if status:
            self.wait(*ids, status)
        return ids


def tar(files):
    """An archive of {name: text or bytes}."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def fold(hashes):
    """The hash of a source state as the contract describes it."""
    hasher = blake3()
    for path in sorted(hashes, key=lambda path: path.split("/")):
        hasher.update(blake3(path.encode()).digest())
        if hashes[path] is not None:
            hasher.update(bytes.fromhex(hashes[path]))
    return hasher.hexdigest()


ECHO = """
class Model:
    def __init__(self, **kwargs):
        self.version = "VERSION"

    def predict(self, model_input):
        return {"version": self.version, "echo": model_input}
"""


def truss_files(name, model=ECHO, version="1", config="", python="py311"):
    """The files of a tiny Truss without requirements of its own."""
    return {
        "config.yaml": f"model_name: {name}\npython_version: {python}\n" + textwrap.dedent(config),
        "model/__init__.py": "",
        "model/model.py": textwrap.dedent(model).replace("VERSION", version),
    }


def write_truss(directory, name, **options):
    for path, content in truss_files(name, **options).items():
        target = pathlib.Path(directory) / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)
    return pathlib.Path(directory)


class Client:
    """The unmodified `truss` command in a home of its own."""

    def __init__(self, home, key):
        self.home = home
        home.mkdir()
        (home / ".trussrc").write_text(
            f"[slipway]\nremote_provider = baseten\napi_key = {key}\nremote_url = {APP}\n"
        )

    def run(self, *arguments, check=True, timeout=180):
        environment = {"HOME": str(self.home), "PATH": os.environ["PATH"], "COLUMNS": "400", "NO_COLOR": "1"}
        result = subprocess.run(
            [str(TRUSS), *map(str, arguments)], env=environment, capture_output=True, text=True, timeout=timeout
        )
        if check:
            assert result.returncode == 0, result.stdout + result.stderr
        return result

    def start(self, *arguments, output):
        environment = {"HOME": str(self.home), "PATH": os.environ["PATH"], "COLUMNS": "400", "NO_COLOR": "1"}
        environment["PYTHONUNBUFFERED"] = "1"
        with open(output, "wb") as file:
            return subprocess.Popen([str(TRUSS), *map(str, arguments)], env=environment, stdout=file, stderr=file)
