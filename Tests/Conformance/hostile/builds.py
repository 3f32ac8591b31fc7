"""Servers for hostile builds, one that is root and one that is not, and the ways an attack gets to run on them."""

import contextlib
import json
import os
import pathlib
import secrets
import shutil
import subprocess
import sys
import sysconfig
import tempfile

import requests
from harness import API, BINARY, ROOT, Server, discard, eventually, truss_files
from hostile.network import tunnels_for_all
from hostile.packages import Index, attacking, sdist

TRUSSES = pathlib.Path(__file__).parent / "trusses"
PORTS = {"root": 18860, "user": 18880}
# MiB of disk that builds and replicas get: a whole environment has 200.
LIMIT = 700
NOBODY = 65534

MODEL = "class Model:\n    def predict(self, x):\n        return x\n"


def kinds():
    """Kinds of servers that this machine can start."""
    if os.geteuid() != 0:
        return ["user"] if has_user_namespaces([]) else []
    return ["root", "user"] if has_user_namespaces(as_nobody()) else ["root"]


def as_nobody():
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]


def has_user_namespaces(prefix):
    unshare = ["unshare", "--user", "--map-root-user", "--mount", "--net", "--pid", "--fork", "--mount-proc", "true"]
    return subprocess.run([*prefix, *unshare], capture_output=True).returncode == 0


class Place:
    """A running server, its files, and a package index."""

    def __init__(self, kind, port, without=()):
        self.kind, self.port = kind, port
        self.prefix = as_nobody() if kind == "user" and os.geteuid() == 0 else []
        self.secret = "secret-" + secrets.token_hex(8)
        self.without = without

    def __enter__(self):
        # Builds of an ordinary user's server need one to reach the index of the internet.
        self.tunnels = contextlib.ExitStack()
        if self.prefix:
            self.tunnels.enter_context(tunnels_for_all())
        # Not below a directory that only root may enter, and not among the system's files either.
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="slipway-builds-", dir="/var/tmp"))
        self.root.chmod(0o755)
        self.data, self.home = self.root / "data", self.root / "home"
        for path in (self.data, self.home):
            path.mkdir(mode=0o700)
        (self.home / "own").write_text(self.secret)
        tools, binary = ROOT / ".venv", BINARY
        if self.prefix:
            tools, binary = self.root / "tools", self.root / "slipway"
            shutil.copy(BINARY, binary)
            make_tools(tools, self.prefix)
            for path in (self.data, self.home, self.home / "own"):
                os.chown(path, NOBODY, NOBODY)
        # The second is not named to the server: to builds it is any server of this machine.
        self.index, self.neighbour = Index(), Index()
        self.server = Server(
            self.data, port=self.port, inference_port=0,
            # A way out of replicas' networks is not what is tested here.
            arguments=[
                "--tools-dir", str(tools), "--replica-disk", str(LIMIT), "--build-disk", str(LIMIT),
                "--egress", "none",
            ],
            environment={
                **os.environ, "HOME": str(self.home), "SERVER_SECRET": self.secret,
                "UV_EXTRA_INDEX_URL": self.index.url, "SLIPWAY_TEST_WITHOUT_WALLS": ",".join(self.without),
            },
        )  # fmt: skip
        self.server.command = [*self.prefix, str(binary), *self.server.command[1:]]
        self.server.start()
        self.key = self.server.key
        self.api = API(self.key, f"http://localhost:{self.port}")
        return self

    def __exit__(self, *arguments):
        try:
            assert self.server.stop() == 0
        finally:
            self.index.close()
            self.neighbour.close()
            self.tunnels.close()
            discard(self.root)

    def secrets(self):
        """Files that are the server's alone."""
        paths = [self.data / "admin-api-key", self.home / "own", *self.data.glob("*.sqlite*"), *self.data.glob("*key*")]
        return sorted({str(path) for path in paths})

    @property
    def has_limits(self):
        said = subprocess.run([*self.prefix, self.server.command[len(self.prefix)], "doctor", "--data-dir", self.data],
                              capture_output=True, text=True, env=self.server.environment).stdout  # fmt: skip
        return "control groups cannot be used" not in said

    def pushed(self, files, config="", status="ACTIVE"):
        name = "m" + secrets.token_hex(6)
        ids = self.api.pushed(name, truss_files(name, model=MODEL, config=config) | files, status=None)
        if status:
            self.api.wait(*ids, status, seconds=400)
            # Production follows a moment later.
            eventually(lambda: self.api.get(f"/v1/models/{ids[0]}")["production_deployment_id"] == ids[1])
        return ids

    def ended(self, model, deployment):
        """The deployment when its build has ended one way or the other."""

        def current():
            found = self.api.deployment(model, deployment)
            return found if found["status"] not in ("BUILDING", "DEPLOYING", "LOADING_MODEL") else None

        return eventually(current, seconds=400)


def make_tools(directory, prefix):
    """The packages of the tests' own environment with a Python that the user may run."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    bases = [f"{sys.base_prefix}/bin/{name}", f"/usr/bin/{name}", f"/usr/local/bin/{name}"]
    base = next(path for path in bases if subprocess.run([*prefix, "test", "-x", path]).returncode == 0)
    subprocess.run([base, "-m", "venv", "--without-pip", directory], check=True)
    shutil.copytree(sysconfig.get_path("purelib"), directory / "lib" / name / "site-packages", dirs_exist_ok=True)
    shutil.copy(ROOT / ".venv/bin/uv", directory / "bin/uv")


def attack_file(name):
    return TRUSSES / name / "attack.py"


def attacked(place, attack, target, also=(), status="ACTIVE"):
    """Runs an attack while a package is built; what it reports, or the ids when no status is waited for."""
    name = place.index.add(attacking(f"p{secrets.token_hex(6)}", attack_file(attack), target))
    return reporting(place, name, also, status if status is None else "report")


EACH = "import importlib\ndef run(targets):\n    return {n: importlib.import_module(n).run(t) for n, t in targets.items()}\n"


def module(attack):
    return attack.replace("-", "_")


def all_attacked(place, targets):
    """Runs several attacks while one package is built: an environment takes its time. Reports by attack."""
    files = {f"{module(attack)}.py": attack_file(attack).read_text() for attack in targets}
    named = json.dumps({module(attack): target for attack, target in targets.items()})
    name = place.index.add(sdist(f"p{secrets.token_hex(6)}", {"attack.py": EACH, "target.json": named, **files}))
    report = reporting(place, name)
    return {attack: report[module(attack)] for attack in targets}


def reporting(place, package, also=(), status="report"):
    """Pushes a model that tells what a package reports; the report, or the ids for a status of their own."""
    code = f"import json, {package}\nclass Model:\n    def predict(self, x):\n        return json.loads({package}.REPORT)\n"
    wanted = [package, *also]
    ids = place.pushed(
        {"model/model.py": code}, config=f"requirements: [{', '.join(wanted)}]",
        status=None if status is None else "ACTIVE",
    )  # fmt: skip
    return visited(place, ids[0], {}) if status == "report" else ids


def commanded(place, attack, target, status="ACTIVE", config=""):
    """The same as a build command."""
    made = all_commanded(place, {attack: target}, status, config)
    return made[attack] if status else made


RUN = """
import attack, json, pathlib
report = attack.run(json.loads(pathlib.Path("target.json").read_text()))
pathlib.Path("report.json").write_text(json.dumps(report))
"""
TELL = """
import json, pathlib
class Model:
    def predict(self, x):
        return {path.parent.name: json.loads(path.read_text()) for path in pathlib.Path("/app/data").glob("*/report.json")}
"""


def all_commanded(place, targets, status="ACTIVE", config=""):
    """Runs each attack as a build command of one deployment. Reports by attack, or the ids when no status is waited for."""
    files, commands = {"model/model.py": TELL}, []
    for attack, target in targets.items():
        directory = f"data/{module(attack)}"
        files |= {
            f"{directory}/attack.py": attack_file(attack).read_text(), f"{directory}/target.json": json.dumps(target),
            f"{directory}/run.py": RUN,
        }  # fmt: skip
        commands.append(f"cd /app/{directory} && python3 run.py")
    ids = place.pushed(files, config=f"build_commands: {json.dumps(commands)}\n{config}", status=status)
    if not status:
        return ids
    reports = visited(place, ids[0], {})
    return {attack: reports[module(attack)] for attack in targets}


def visited(place, model, value, code=200):
    """What the model answers; its status when no code is wanted."""
    with contextlib.suppress(requests.ConnectionError):
        answer = place.api.session.post(
            f"http://localhost:{place.port}/model/{model}/production/predict", json=value, timeout=120
        )
        if code is None:
            return answer.status_code
        assert answer.status_code == code, (answer.text, place.server.log.read_text()[-2000:])
        return answer.json()
    return None


def build_log(place, model, deployment):
    return place.api.logs(model, deployment)
