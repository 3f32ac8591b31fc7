"""Isolation of replicas where the server runs as an ordinary user: user namespaces hold what root holds elsewhere.

Its data lies among the system's programs, which replicas see: nothing but what covers it hides it, as outside of its
namespaces a replica is the very user that owns it.
"""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile

import pytest
from harness import API, BINARY, ROOT, Server, discard, eventually
from hostile.network import tunnels_for_all
from isolation.probes import (
    CLOSED, SECRET, ask, has_no_privileges, is_refused_what_only_the_machine_needs, push, reaches_no_process,
    runs_ordinary_programs, sees_nothing_of_the_server,
)  # fmt: skip
from test_isolation import missing

PORT = 18500
NOBODY = 65534
# Whoever runs the tests, when that is not root.
USER = NOBODY if os.geteuid() == 0 else os.geteuid()
AS_USER = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"] if os.geteuid() == 0 else []


@pytest.fixture(scope="module", autouse=True)
def namespaces():
    unshare = ["unshare", "--user", "--map-root-user", "--mount", "--net", "--pid", "--fork", "--mount-proc", "true"]
    tried = subprocess.run([*AS_USER, *unshare], capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"an ordinary user gets no namespaces here: {tried.stderr.strip()}")
    with tunnels_for_all() if AS_USER else contextlib.nullcontext():
        yield


@pytest.fixture(scope="module")
def place(namespaces):
    """A directory with everything of the server in it: `data`, `home`, `tools` and the program."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="slipway-user-", dir="/opt" if AS_USER else None))
    directory.chmod(0o755)
    for name in ("data", "home"):
        (directory / name).mkdir(mode=0o700)
    # Where they are, others than root may not reach them.
    shutil.copy(BINARY, directory / "slipway")
    make_tools(directory / "tools")
    (directory / "home/own").write_text(SECRET)
    make_certificate(directory)
    if AS_USER:
        for path in ("data", "home", "home/own", "key.pem"):
            os.chown(directory / path, NOBODY, NOBODY)
    yield directory
    discard(directory)


def make_certificate(directory):
    """With a key that only the server's user may read."""
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "1", "-subj", "/CN=localhost", "-keyout", directory / "key.pem", "-out", directory / "certificate.pem",
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    (directory / "key.pem").chmod(0o600)


def make_tools(directory):
    """The packages of the tests' own environment with a Python that the user may run."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    bases = [f"{sys.base_prefix}/bin/{name}", f"/usr/bin/{name}", f"/usr/local/bin/{name}"]
    base = next((path for path in bases if subprocess.run([*AS_USER, "test", "-x", path]).returncode == 0), None)
    if not base:
        pytest.skip(f"user {USER} may run none of {bases}")
    subprocess.run([base, "-m", "venv", "--without-pip", directory], check=True)
    packages, own = sysconfig.get_path("purelib"), directory / "lib" / name / "site-packages"
    if subprocess.run([*AS_USER, "test", "-r", f"{packages}/truss/__init__.py"]).returncode == 0:
        (own / "packages.pth").write_text(packages)
    else:
        shutil.copytree(packages, own, dirs_exist_ok=True)
    shutil.copy(ROOT / ".venv/bin/uv", directory / "bin/uv")


def make_server(place, on_exit="keep"):
    server = Server(
        place / "data", port=PORT, inference_port=0, on_exit=on_exit,
        arguments=[
            "--tools-dir", str(place / "tools"), "--tls-port", str(PORT + 1),
            "--tls-certificate", str(place / "certificate.pem"), "--tls-key", str(place / "key.pem"),
        ],
        environment={**os.environ, "HOME": str(place / "home"), "SERVER_SECRET": SECRET},
    )  # fmt: skip
    server.command = [*AS_USER, str(place / "slipway"), *server.command[1:]]
    return server


@pytest.fixture(scope="module")
def server(place):
    holder = {"server": make_server(place).start()}
    yield holder
    if holder["server"].process.poll() is None:
        assert holder["server"].stop() == 0
    if "keep" in holder["server"].command:
        assert make_server(place, "stop").start().stop() == 0


@pytest.fixture(scope="module")
def api(server):
    return API(server["server"].key, f"http://localhost:{PORT}")


@pytest.fixture(scope="module")
def models(api):
    """Ids of one with network and of one without."""
    return [push(api, "own-user")[0], push(api, "own-user-closed", config=CLOSED)[0]]


def test_a_replica_has_no_privileges_and_is_the_servers_user_outside(api, server, models):
    for model in models:
        has_no_privileges(api, model)
    running = server["server"].process.pid
    for pid in replicas(running):
        assert os.stat(f"/proc/{pid}").st_uid == USER
        for namespace in ("user", "mnt", "pid", "ipc", "uts"):
            assert os.readlink(f"/proc/{pid}/ns/{namespace}") != os.readlink(f"/proc/{running}/ns/{namespace}")


def replicas(server):
    """Pids of the model servers among what the server has started."""
    children = pathlib.Path(f"/proc/{server}/task").glob("*/children")
    first = [pid for path in children for pid in path.read_text().split()]
    found = [pid for one in first for pid in pathlib.Path(f"/proc/{one}/task/{one}/children").read_text().split()]
    assert len(found) >= 2, (first, found)
    return [int(pid) for pid in found]


def test_what_only_the_machine_needs_is_refused(api, models):
    for model in models:
        # There is no root in a namespace with one user: the id itself is invalid.
        is_refused_what_only_the_machine_needs(api, model, setuid={"EINVAL"})


def test_ordinary_programs_run(api, models):
    for model in models:
        runs_ordinary_programs(api, model)
    assert ask(api, models[0], "threads") > 500


def test_nothing_of_the_server_or_of_other_models_is_seen(api, place, server, models):
    for model in models:
        sees_nothing_of_the_server(api, model, place / "data")
        reaches_no_process(api, model, [server["server"].process.pid, *replicas(server["server"].process.pid)])


def test_what_only_the_servers_user_may_read_is_covered_elsewhere_too(api, place, models):
    for model in models:
        assert ask(api, model, "read", path=str(place / "key.pem")) == ""
        assert ask(api, model, "read", path=str(place / "home/own")) == "ENOENT"


def test_a_deployment_without_egress_reaches_nothing(api, models):
    assert ask(api, models[0], "connect", address="127.0.0.1", port=PORT) == "ECONNREFUSED"
    assert ask(api, models[1], "connect", address="127.0.0.1", port=PORT) == "ECONNREFUSED"
    assert ask(api, models[1], "connect", address="192.0.2.1", port=80) == "ENETUNREACH"


def test_the_start_says_once_what_there_is_not_and_doctor_says_the_same(place, server, models):
    doctor = subprocess.run(
        [*AS_USER, place / "slipway", "doctor", "--data-dir", place / "data"], capture_output=True, text=True,
        env=server["server"].environment, check=True,
    )  # fmt: skip
    told = missing(doctor.stdout)
    assert any("replicas run as the server's user" in line for line in told), told
    log = server["server"].log.read_text()
    assert {line: log.count(line) for line in told} == dict.fromkeys(told, 1), log


def test_replicas_of_a_killed_server_are_adopted_by_the_next(api, place, server, models):
    before = [ask(api, model, "identity")["born"] for model in models]
    server["server"].process.send_signal(signal.SIGKILL)
    server["server"].process.wait()
    server["server"] = make_server(place, "stop").start()

    def served():
        paths = [f"{api.management}/model/{model}/production/predict" for model in models]
        answers = [api.session.post(path, json={"do": "identity"}, timeout=60) for path in paths]
        return [a.json()["born"] for a in answers] if all(a.status_code == 200 for a in answers) else None

    assert eventually(served, seconds=30) == before
    assert ask(api, models[1], "connect", address="127.0.0.1", port=PORT) == "ECONNREFUSED"
    assert server["server"].stop() == 0
    assert list((place / "data/engine/replicas").iterdir()) == []
