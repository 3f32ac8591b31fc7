"""A model that tries what it can, and what each way of isolating it must hold against.

Used by the tests of a server that runs as root and of one that runs as somebody else.
"""

import os
import secrets

from harness import ROOT, eventually, truss_files

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
with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as caller:
    caller.send(b"loop")
    print(listener.accept()[0].recv(4))
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

    def read(self, path):
        return text(path)

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

    def burn(self, processes, seconds):
        loop = f"import time\nend = time.monotonic() + {seconds}\nwhile time.monotonic() < end: pass"
        before, began, held = os.times(), time.monotonic(), self.throttled()
        burning = [subprocess.Popen([sys.executable, "-S", "-c", loop]) for _ in range(processes)]
        codes = [process.wait() for process in burning]
        used = sum(after - earlier for after, earlier in zip(os.times()[:4], before[:4]))
        passed = time.monotonic() - began
        return {"codes": codes, "used": used, "passed": passed, "throttled": self.throttled() - held}

    def throttled(self):
        lines = [text(p) for p in glob.glob("/sys/fs/cgroup/cpu/cpu.stat") + glob.glob("/sys/fs/cgroup/cpu.stat")]
        return int(dict(line.split() for line in lines[0].splitlines())["nr_throttled"])

    def size(self, data):
        return {"size": len(data), "data": data}
'''

CLOSED = "model_metadata:\n  slipway:\n    egress: none\n"
# Nothing that a replica may see holds it.
SECRET = "server-" + secrets.token_hex(16)


def push(api, name, model=HOSTILE, **options):
    ids = api.pushed(name, truss_files(name, model, **options))
    eventually(lambda: api.get(f"/v1/models/{ids[0]}")["production_deployment_id"] == ids[1])
    return ids


def ask(api, model, do, **arguments):
    answer = api.session.post(
        f"{api.management}/model/{model}/production/predict", json={"do": do, **arguments}, timeout=60
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def has_no_privileges(api, model):
    identity = ask(api, model, "identity")
    assert identity["uids"] == [60000] * 3
    status = identity["status"]
    assert {status[f"Cap{kind}"] for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2"
    return identity


def is_refused_what_only_the_machine_needs(api, model, **others):
    """`others` names what may be said too, by what is tried."""
    for name, result in ask(api, model, "forbidden").items():
        allowed = {"EPERM", "EACCES", "EROFS", "EAFNOSUPPORT", "ENOENT"}
        if name in {"io_uring_setup", "clone3"}:
            allowed = {"ENOSYS"}
        assert result in allowed | others.get(name, set()), (name, result)


def runs_ordinary_programs(api, model):
    said, complaints = ask(api, model, "ordinary")
    assert said.splitlines() == [
        "140", "[1, 2]", "queued True", "['60000', '1']", "b'pair' True", "b'loop'", "b'spawned\\n'",
    ], complaints  # fmt: skip


def sees_nothing_of_the_server(api, model, data):
    """Neither its directory and database nor its processes, its environment and other models."""
    units = data / "engine/replicas"
    inside = [units, *units.iterdir(), *(path for path in data.iterdir() if path.name != "engine")]
    assert {data / "admin-api-key", data / "master-key", data / "slipway.sqlite"} <= set(inside)
    paths = [data.parent, data, data / "engine", *inside, "/root", "/home", "/var", ROOT]
    seen = ask(api, model, "look", paths=[str(path) for path in paths])
    # Only the path to its own Python environment is there.
    assert seen["places"][str(data)] == ["engine"]
    assert seen["places"][str(data / "engine")] == ["environments"]
    assert len(os.listdir(data / "engine/environments")) >= 1
    assert all(not seen["places"][str(path)] for path in inside), seen["places"]
    assert seen["places"]["/home"] == ["app"] and not seen["places"][str(ROOT)]
    assert set(seen["places"]["/root"] or [".pyenv"]) == {".pyenv"}
    assert seen["tmp"] == [] and seen["run"] == [] and not {"kmsg", "mem", "sda", "vda"} & set(seen["devices"])
    assert "layers" not in seen["root"]
    # Its first process, the model server, and what that runs.
    assert 2 <= seen["processes"] <= 4
    assert not any("serve" in command and "--data-dir" in command for command in seen["commands"])
    assert SECRET not in str(seen) and (data / "admin-api-key").read_text().strip() not in str(seen)
    assert all(line.endswith(":/") for line in seen["groups"].splitlines() if "name=" not in line), seen["groups"]
    return seen


def reaches_no_process(api, model, pids):
    for pid in pids:
        assert ask(api, model, "signal", pid=pid) == "ESRCH"
    # Its own first process does not heed it.
    ask(api, model, "signal", pid=1)
    assert ask(api, model, "identity")["pid"] > 1
