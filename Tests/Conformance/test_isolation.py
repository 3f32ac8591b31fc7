"""Isolation of replicas: a hostile model tries what it can, on a server whose data lies among the system's programs."""

import contextlib
import json
import os
import pathlib
import secrets
import shutil
import socket
import subprocess
import tempfile

import pytest
import requests

from harness import API, BINARY, ROOT, Server, eventually, truss_files

PORT = 18200
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a server without root isolates less; doctor tells what")

HOSTILE = r'''
import ctypes, errno, glob, os, platform, secrets, signal, socket, subprocess, sys, threading, time

libc = ctypes.CDLL(None, use_errno=True)
# Numbers that differ between machines: x86_64, aarch64.
OTHER = {"keyctl": (250, 219), "bpf": (321, 280), "userfaultfd": (323, 282), "perf_event_open": (298, 241)}
ORDINARY = """
import asyncio, concurrent.futures, multiprocessing, socket, sqlite3, subprocess, tempfile, threading, time
with concurrent.futures.ThreadPoolExecutor(4) as pool:
    print(sum(pool.map(lambda n: n * n, range(8))))
with multiprocessing.get_context("fork").Pool(2) as pool:
    print(pool.map(abs, [-1, -2]))
with tempfile.NamedTemporaryFile() as file:
    sqlite3.connect(file.name).execute("CREATE TABLE t (x)")
queue = multiprocessing.Queue()
queue.put("queued")
print(queue.get(timeout=5), multiprocessing.Lock().acquire())
print(subprocess.run("id -u | cat; python3 -c 'print(1)'", shell=True, capture_output=True, text=True).stdout.split())
left, right = socket.socketpair()
left.send(b"pair")
print(right.recv(4), socket.gethostname() != "")
socket.getaddrinfo("127.0.0.1", 80)
async def spawn():
    process = await asyncio.create_subprocess_exec("echo", "spawned", stdout=-1)
    return (await process.communicate())[0]
print(asyncio.run(spawn()))
"""
SAME = {"io_uring_setup": 425, "open_tree": 428, "fsopen": 430, "clone3": 435, "mount_setattr": 442}


def failure(function, *arguments):
    ctypes.set_errno(0)
    result = function(*arguments)
    return errno.errorcode[ctypes.get_errno()] if result < 0 else None


def text(path):
    try:
        with open(path, "rb") as file:
            return file.read().decode(errors="replace")
    except OSError as error:
        return errno.errorcode[error.errno]


class Model:
    def __init__(self, **kwargs):
        self.born = secrets.token_hex(8)
        self.hoard = []

    def predict(self, model_input):
        return getattr(self, model_input.pop("do"))(**model_input)

    def identity(self):
        fields = dict(line.split(":", 1) for line in text("/proc/self/status").splitlines())
        return {"born": self.born, "pid": os.getpid(), "uids": os.getresuid(), "groups": os.getgroups(),
                "status": {key: value.strip() for key, value in fields.items()}}

    def forbidden(self):
        machine = 0 if platform.machine() == "x86_64" else 1
        numbers = SAME | {name: pair[machine] for name, pair in OTHER.items()}
        found = {name: failure(libc.syscall, number, 0, 0, 0, 0, 0) for name, number in numbers.items()}
        found["mount"] = failure(libc.mount, b"tmpfs", b"/tmp", b"tmpfs", 0, None)
        found["umount"] = failure(libc.umount2, b"/usr", 2)
        found["chroot"] = failure(libc.chroot, b"/tmp")
        found["setuid"] = failure(libc.setuid, 0)
        for name, flag in {"user": 0x10000000, "mount": 0x20000, "pid": 0x20000000, "net": 0x40000000}.items():
            found["unshare " + name] = failure(libc.unshare, flag)
        file = os.open("/proc/self/ns/mnt", os.O_RDONLY)
        found["setns"] = failure(libc.setns, file, 0)
        found["init memory"] = text("/proc/1/mem")
        found["init environ"] = text("/proc/1/environ")
        found["trace init"] = failure(libc.ptrace, 16, 1, None, None)
        found["hostname"] = failure(libc.sethostname, b"mine", 4)
        for name, family in {"alg": 38, "vsock": 40, "packet": 17}.items():
            found["socket " + name] = failure(libc.socket, family, 3 if family == 17 else 1, 0)
        try:
            os.mknod("/tmp/disk", 0o660 | 0o060000, os.makedev(8, 0))
            found["mknod"] = None
        except OSError as error:
            found["mknod"] = errno.errorcode[error.errno]
        for path in ("/etc/passwd", "/usr/bin/mine", "/sys/power/state", "/proc/sys/kernel/core_pattern"):
            try:
                open(path, "w").close()
                found["write " + path] = None
            except OSError as error:
                found["write " + path] = errno.errorcode[error.errno]
        return found

    def look(self, paths):
        processes = [p for p in os.listdir("/proc") if p.isdigit()]
        return {
            "processes": len(processes), "commands": [text(f"/proc/{p}/cmdline") for p in processes],
            "environments": [text(f"/proc/{p}/environ") for p in processes],
            "mounts": text("/proc/self/mountinfo"), "groups": text("/proc/self/cgroup"),
            "places": {path: os.listdir(path) if os.path.isdir(path) else os.path.exists(path) for path in paths},
            "root": os.listdir("/"), "tmp": os.listdir("/tmp"), "run": os.listdir("/run"),
            "devices": os.listdir("/dev"), "memory": [
                int(text(p)) for p in glob.glob("/sys/fs/cgroup/memory/memory.limit_in_bytes")
                + glob.glob("/sys/fs/cgroup/memory.max")],
        }

    def signal(self, pid):
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError as error:
            return errno.errorcode[error.errno]

    def connect(self, address, port):
        try:
            socket.create_connection((address, port), timeout=3).close()
        except OSError as error:
            return errno.errorcode.get(error.errno, str(error))

    def abstract(self, name):
        try:
            socket.socket(socket.AF_UNIX).connect("\0" + name)
        except OSError as error:
            return errno.errorcode[error.errno]

    def interfaces(self):
        return [name for _, name in socket.if_nameindex()]

    def threads(self):
        threading.stack_size(64 << 10)
        started, end = [], threading.Event()
        try:
            while len(started) < 6000:
                thread = threading.Thread(target=end.wait)
                thread.start()
                started.append(thread)
        except RuntimeError:
            pass
        end.set()
        for thread in started:
            thread.join()
        return len(started)

    def hog(self):
        for _ in range(1 << 12):
            self.hoard.append(b"x" * (16 << 20))
        return "nobody minds"

    def orphans(self):
        for _ in range(20):
            subprocess.run(["sh", "-c", "sleep 0.05 & sleep 0.05 &"], check=True)
        time.sleep(0.5)
        states = [text(path).rpartition(")")[2].split()[0] for path in glob.glob("/proc/[0-9]*/stat")]
        return {"zombies": states.count("Z"), "processes": len(states)}

    def ordinary(self):
        # In a process of its own: a server with threads is no place to fork.
        done = subprocess.run([sys.executable, "-c", ORDINARY], capture_output=True, text=True, timeout=50)
        return [done.stdout, done.stderr]

    def size(self, data):
        return {"size": len(data), "data": data}
'''

GRACEFUL = """
import http.server, os, signal, sys

class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self):
        body = b"{}"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_GET = do_POST = answer
    def log_message(self, *arguments):
        pass

def asked(*arguments):
    print("asked to end once", flush=True)
    signal.signal(signal.SIGTERM, lambda *a: print("asked to end twice", flush=True))
    os._exit(7)

signal.signal(signal.SIGTERM, asked)
http.server.ThreadingHTTPServer(("127.0.0.1", 18240), Handler).serve_forever()
"""

CLOSED = "model_metadata:\n  slipway:\n    egress: none\n"
# Nothing that a replica may see holds it.
SECRET = "server-" + secrets.token_hex(16)


def make_server(data, on_exit="keep", arguments=()):
    return Server(
        data, port=PORT, inference_port=0, on_exit=on_exit,
        arguments=["--tools-dir", str(ROOT / ".venv"), *arguments], environment={**os.environ, "SERVER_SECRET": SECRET},
    )  # fmt: skip


@pytest.fixture(scope="module")
def place():
    directory = pathlib.Path(tempfile.mkdtemp(prefix="slipway-isolation-", dir="/opt"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="module")
def server(place):
    """A server whose replicas outlive it."""
    running = make_server(place / "data").start()
    holder = {"server": running}
    yield holder
    assert holder["server"].stop() == 0
    if "keep" in holder["server"].command:
        assert make_server(place / "data", on_exit="stop").start().stop() == 0


@pytest.fixture(scope="module")
def api(server):
    return API(server["server"].key, f"http://localhost:{PORT}")


def push(api, name, model=HOSTILE, **options):
    ids = api.pushed(name, truss_files(name, model, **options))
    eventually(lambda: api.get(f"/v1/models/{ids[0]}")["production_deployment_id"] == ids[1])
    return ids


def ask(api, model, do, **arguments):
    answer = api.session.post(
        f"http://localhost:{PORT}/model/{model}/production/predict", json={"do": do, **arguments}, timeout=60
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture(scope="module")
def open_model(api):
    return push(api, "hostile")


@pytest.fixture(scope="module")
def closed_model(api):
    return push(api, "hostile-closed", config=CLOSED)


def records(place):
    return [json.loads(path.read_text()) for path in (place / "data/engine/replicas").glob("*/replica.json")]


def test_a_replica_has_a_user_of_its_own_and_no_privileges(api, open_model):
    identity = ask(api, open_model[0], "identity")
    assert identity["uids"] == [60000] * 3 and identity["groups"] == []
    status = identity["status"]
    assert {status[f"Cap{kind}"] for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2"


def test_what_only_the_machine_needs_is_refused(api, open_model, closed_model):
    for model, _ in (open_model, closed_model):
        found = ask(api, model, "forbidden")
        unknown = {"io_uring_setup", "clone3"}
        for name, result in found.items():
            allowed = {"EPERM", "EACCES", "EROFS", "EAFNOSUPPORT", "ENOENT"} if name not in unknown else {"ENOSYS"}
            assert result in allowed, (name, result)


def test_ordinary_programs_run(api, open_model, closed_model):
    for model, _ in (open_model, closed_model):
        said, complaints = ask(api, model, "ordinary")
        assert said.splitlines() == [
            "140", "[1, 2]", "queued True", "['60000', '1']", "b'pair' True", "b'spawned\\n'",
        ], complaints  # fmt: skip


def test_nothing_of_the_server_or_of_other_models_is_seen(api, place, server, open_model, closed_model):
    data = place / "data"
    units = data / "engine/replicas"
    paths = [str(p) for p in (place, data, data / "engine", units, data / "admin-api-key", *units.iterdir())]
    paths += ["/root", "/home", "/var", str(ROOT)]
    for model, _ in (open_model, closed_model):
        seen = ask(api, model, "look", paths=paths)
        # Only the path to its own Python environment is there.
        assert seen["places"][str(data)] == ["engine"]
        assert seen["places"][str(data / "engine")] == ["environments"]
        assert len(os.listdir(data / "engine/environments")) >= 1
        assert all(not seen["places"][str(p)] for p in (units, data / "admin-api-key", *units.iterdir()))
        assert seen["places"]["/home"] == ["app"] and not seen["places"][str(ROOT)]
        assert set(seen["places"]["/root"] or [".pyenv"]) == {".pyenv"}
        assert seen["tmp"] == [] and seen["run"] == [] and not {"kmsg", "mem", "sda", "vda"} & set(seen["devices"])
        assert "layers" not in seen["root"]
        # Its first process, the model server, and what that runs.
        assert 2 <= seen["processes"] <= 4
        assert not any("serve" in command and "--data-dir" in command for command in seen["commands"])
        assert SECRET not in str(seen) and server["server"].key not in str(seen)
        assert all(line.endswith(":/") for line in seen["groups"].splitlines() if "name=" not in line), seen["groups"]
        assert seen["memory"] == [2 << 30]
    victim, attacker = (
        next(r["process"]["pid"] for r in records(place) if r["deploymentID"] == closed_model[1]), open_model[0],
    )  # fmt: skip
    assert ask(api, attacker, "signal", pid=victim) == "ESRCH"
    assert ask(api, attacker, "signal", pid=server["server"].process.pid) == "ESRCH"
    # Its own first process does not heed it.
    ask(api, attacker, "signal", pid=1)
    assert ask(api, attacker, "identity")["pid"] > 1


def test_a_deployment_without_egress_reaches_nothing_and_is_reached(api, open_model, closed_model):
    with socket.socket(socket.AF_UNIX) as listener:
        name = "slipway-" + secrets.token_hex(8)
        listener.bind("\0" + name)
        listener.listen()
        assert ask(api, open_model[0], "connect", address="127.0.0.1", port=PORT) is None
        assert ask(api, open_model[0], "abstract", name=name) is None
        closed = closed_model[0]
        assert ask(api, closed, "interfaces") == ["lo"]
        assert ask(api, closed, "connect", address="127.0.0.1", port=PORT) == "ECONNREFUSED"
        assert ask(api, closed, "connect", address="192.0.2.1", port=80) == "ENETUNREACH"
        assert ask(api, closed, "abstract", name=name) == "ECONNREFUSED"
    data = secrets.token_hex(4 << 20)
    answer = ask(api, closed, "size", data=data)
    assert answer == {"size": len(data), "data": data}


def test_the_first_process_buries_what_has_no_parent(api, open_model):
    found = ask(api, open_model[0], "orphans")
    assert found["zombies"] == 0 and found["processes"] <= 4


def test_threads_and_processes_are_bounded(api, open_model, closed_model):
    assert 1000 < ask(api, open_model[0], "threads") < 4096
    assert ask(api, closed_model[0], "identity")["pid"] > 1


def test_memory_is_bounded_and_the_log_says_what_ran_out(api, server, open_model):
    model, deployment = push(api, "hog")
    born = ask(api, model, "identity")["born"]
    others = ask(api, open_model[0], "identity")["born"]
    with contextlib.suppress(AssertionError):
        ask(api, model, "hog")
    eventually(lambda: "Out of memory" in api.logs(model, deployment), seconds=60)

    def back():
        answer = api.session.post(
            f"http://localhost:{PORT}/model/{model}/production/predict", json={"do": "identity"}, timeout=60
        )
        return answer.status_code == 200 and answer.json()["born"] != born

    eventually(back, seconds=60)
    assert ask(api, open_model[0], "identity")["born"] == others
    assert server["server"].process.poll() is None


def test_a_server_of_the_users_own_is_asked_to_end_once(api, place):
    config = (
        "docker_server:\n  start_command: python3 /app/data/server.py\n  server_port: 18240\n"
        "  predict_endpoint: /predict\n  readiness_endpoint: /\n  liveness_endpoint: /\n"
    ) + CLOSED
    files = truss_files("graceful", config=config) | {"data/server.py": GRACEFUL}
    model, deployment = api.pushed("graceful", files)
    assert ask(api, model, "anything") == {}
    api.post(f"/v1/models/{model}/deployments/{deployment}/deactivate")
    api.wait(model, deployment, "INACTIVE")
    logs = api.logs(model, deployment)
    assert "asked to end once" in logs and "twice" not in logs
    eventually(lambda: deployment not in {r["deploymentID"] for r in records(place)})


def test_the_next_server_reaches_its_replicas_and_cannot_be_loosened(api, place, server, open_model, closed_model):
    before = [ask(api, model, "identity")["born"] for model, _ in (open_model, closed_model)]
    assert server["server"].stop() == 0
    server["server"] = make_server(place / "data", "stop", ["--egress", "none"]).start()
    after = [ask(api, model, "identity")["born"] for model, _ in (open_model, closed_model)]
    assert after == before
    assert ask(api, closed_model[0], "connect", address="127.0.0.1", port=PORT) == "ECONNREFUSED"
    loose, _ = push(api, "loose", config=CLOSED.replace("none", "open"))
    assert ask(api, loose, "connect", address="127.0.0.1", port=PORT) == "ECONNREFUSED"


@pytest.mark.parametrize("value, words", [("maybe", '"maybe"'), ("[none]", "a list"), ("false", "false")])
def test_a_policy_that_does_not_exist_is_refused_by_name_and_line(api, value, words):
    answer = api.push("policy", truss_files("policy", config=CLOSED.replace("none", value)))
    message = answer.json()["message"]
    assert answer.status_code == 400 and "model_metadata.slipway.egress" in message, answer.text
    assert words in message and "line 5" in message


def doctor(*prefix, data):
    done = subprocess.run([*prefix, str(BINARY), "doctor", "--data-dir", str(data)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_doctor_leaves_what_a_running_server_builds_alone(tmp_path):
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as command:
        start = pathlib.Path(f"/proc/{command.pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
        boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        note = tmp_path / "engine/processes" / f"{command.pid}-{start}-{boot}"
        note.parent.mkdir(parents=True)
        note.touch()
        doctor(data=tmp_path)
        assert command.poll() is None and note.exists()
        command.kill()


def test_doctor_says_what_there_is(tmp_path):
    said = doctor(data=tmp_path / "data")
    for words in ("uid 60000", "mount namespace", "/proc of their own", "seccomp", "cgroups v", "egress"):
        assert f"{words}" in said, said
    # The same without what root may do: less, and told.
    mount = ["unshare", "--mount", "setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-all"]
    less = doctor(*mount, data=tmp_path / "less")
    for words in ("mount namespaces cannot be used", "no process namespace", "cannot be started"):
        assert any(words in line for line in less.splitlines() if line.startswith("missing")), less
    assert "filtered (seccomp)" in less
