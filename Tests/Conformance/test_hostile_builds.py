"""What is pushed and what packages bring runs inside walls, on a server that is root and on one that is not.

Each attack says what it could do: as a package that is built, as a build command, or in a replica. Beside it stands
what must go on working. `test_walls_removed.py` takes the walls away and shows that the same attacks then succeed.
"""

import contextlib
import json
import os
import pathlib
import re
import secrets
import socket
import stat
import subprocess

import pytest
from harness import eventually
from hostile.builds import (
    LIMIT, PORTS, Place, all_attacked, all_commanded, attack_file, attacked, build_log, commanded, kinds, reporting,
    visited,
)  # fmt: skip
from hostile.network import own_address
from hostile.packages import sdist, wheel

UNREACHED = {"ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "EACCES", "EPERM", "TimeoutError"}
REFUSED = {"EPERM", "EACCES", "ENOENT", "EROFS", "ENOSYS", "ESRCH", "EINVAL", "ENOTDIR"}


@pytest.fixture(scope="module", params=["root", "user"])
def place(request):
    if request.param not in kinds():
        pytest.skip(f"no server of the kind {request.param} can be started here")
    with Place(request.param, PORTS[request.param]) as made:
        yield made


WAYS = {"package": all_attacked, "command": all_commanded}
PLACES = ["/root", "/usr/local/bin", "/usr/lib", "/opt", "/etc/cron.d", "/", "/bin"]


@pytest.fixture(scope="module", params=WAYS)
def reports(request, place):
    """What each attack could do, run while a package is built and as a build command."""
    word = secrets.token_hex(8)
    assert place.pushed({f"data/marker_{word}": "x"})
    targets = {
        "reads-files": {"secrets": [
            *place.secrets(), "/etc/shadow", str(place.data), f"/proc/{place.server.process.pid}/environ"]},
        "writes-files": {"places": [*PLACES, str(place.data), str(place.home)]},
        "reaches-processes": {"server": place.server.process.pid}, "gains-privileges": {},
        "finds-others": {"word": "marker_" + word}, "breeds": {}, "stays-behind": {"word": "behind" + word},
    }  # fmt: skip
    if not place.has_limits:
        del targets["breeds"]
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("\0" + word)
        listener.listen()
        targets["calls-this-machine"] = calling(place, word)
        return {"word": word, **WAYS[request.param](place, targets)}


def calling(place, name=""):
    """Every address of this machine, with ports of the server, of its replicas and of what it has besides."""
    own = {"127.0.0.1", "127.0.0.2", "::1", own_address() or "127.0.0.1"}
    if place.kind == "user":
        # Where slirp4netns would show this machine.
        own.add("10.0.2.2")
    return {
        "addresses": sorted(own), "ports": [place.port, place.neighbour.server.server_port, 8080], "key": place.key,
        "name": name, "index": ["127.0.0.1", place.index.server.server_port],
    }  # fmt: skip


def test_nothing_of_the_server_is_read(place, reports):
    report = reports["reads-files"]
    # Its own environment lies below the data directory.
    assert report["found"][str(place.data)] in ("ENOENT", ["engine"])
    assert {found for found in report["found"].values() if found != ["engine"]} <= REFUSED, report["found"]
    assert place.secret not in json.dumps(report) and place.key not in json.dumps(report)
    assert report["user"] in (60000, 60001)
    # What was found is the sandbox: the system, the tools, the input and the output.
    assert "usr" in report["root"] and not {"boot", "srv", "mnt", "media", "lost+found"} & set(report["root"])


def test_nothing_outside_is_written(place, reports):
    report = reports["writes-files"]
    written = {where for where, error in report.items() if error is None}
    # /etc is a copy of its own; an ordinary user's sandbox owns its root in memory too.
    own = {"/etc/cron.d"} if place.kind == "root" else {"/etc/cron.d", "/", "/root", str(place.data)}
    assert written <= own, report
    for where in report:
        assert not (pathlib.Path(where) / "planted-by-a-package").exists(), where


def test_no_process_of_the_machine_is_reached(reports):
    report = reports["reaches-processes"]
    assert not any("serve" in command and "--data-dir" in command for command in report["commands"]), report
    assert {report["signal"], report["environ"], report["memory"]} <= REFUSED and not report["traced"], report


def test_no_privilege_is_gained(reports):
    report = reports["gains-privileges"]
    assert None not in report["tried"].values(), report["tried"]
    status = report["status"]
    assert all(int(status[name], 16) == 0 for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")), status
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2", status


def test_other_builds_and_replicas_are_not_found(reports):
    assert reports["finds-others"] == []


def test_no_process_stays_behind(reports):
    word = "behind" + reports["word"]
    eventually(lambda: not any(word in command for command in commands()), seconds=10)


def test_nothing_of_this_machine_is_called_but_the_index_that_the_operator_names(reports):
    report = reports["calls-this-machine"]
    assert set(report["calls"].values()) <= UNREACHED, report
    assert report["abstract"] == "ECONNREFUSED" and set(report["interfaces"]) == {"lo", "eth0"}, report
    # It knows no such page, but it is there.
    assert report["index"] == 404, report


def test_processes_are_bounded(place, reports):
    if not place.has_limits:
        pytest.skip("no control groups here")
    assert 500 < reports["breeds"] < 4200


@pytest.fixture(params=["package", "command"])
def way(request):
    return {"package": attacked, "command": commanded}[request.param]


@pytest.mark.parametrize("attack", ["fills-disk", "hides-on-disk"])
def test_a_build_that_fills_the_disk_is_ended_and_told(place, way, attack):
    where = "/tmp"
    target = {"place": where, "files": 4, "bytes": LIMIT << 20, "seconds": 30}
    used = disk_used(place.root)
    model, deployment = way(place, attack, target, status=None)
    ended = place.ended(model, deployment)
    assert ended["status"] == "BUILD_FAILED", ended
    assert "Out of disk" in build_log(place, model, deployment), build_log(place, model, deployment)
    # Half of what it took is more than what a build leaves.
    eventually(lambda: disk_used(place.root) < used + (LIMIT << 19), seconds=20)


def test_build_commands_may_take_longer_than_until_the_first_look_at_their_files(place):
    model, _ = place.pushed({}, config="build_commands: ['sleep 4 && touch /app/slow']\n")
    assert visited(place, model, 5) == 5


@pytest.mark.parametrize("attack", ["fills-disk", "hides-on-disk"])
def test_a_replica_that_fills_the_disk_is_ended_and_told(place, attack):
    target = {"place": "/tmp", "files": 4, "bytes": LIMIT << 20, "seconds": 30}
    model, deployment = place.pushed({
        "model/attack.py": attack_file(attack).read_text(),
        "model/model.py": "from . import attack\nclass Model:\n    def predict(self, target):\n        return attack.run(target)\n",
    })  # fmt: skip
    assert visited(place, model, target, code=None) != 200
    eventually(lambda: "Out of disk" in place.api.logs(model, deployment), seconds=30)
    # A small write is fine, in the replica that came after it.
    small = {"place": "/tmp", "files": 1, "bytes": 1 << 20, "seconds": 0}
    eventually(lambda: visited(place, model, small, code=None) == 200, seconds=60)


def test_a_build_is_given_nothing_to_print(place):
    """Whatever it prints is read by whoever may read its log: it sees neither keys nor secrets, its own model's included."""
    value, word = secrets.token_hex(16), secrets.token_hex(8)
    place.api.post("/v1/secrets", {"name": "printed-secret", "value": value})
    ids = commanded(place, "prints-its-environment", {"word": word}, status=None, config="secrets: {printed-secret: null}")
    assert place.ended(*ids)["status"] == "ACTIVE"
    log = build_log(place, *ids)
    assert f"plain {word}" in log and "given PATH" in log, log
    for hidden in (value, place.secret, place.key, str(place.data)):
        assert hidden not in log, hidden


# MARK: Caches and environments


def test_what_a_build_puts_into_the_cache_is_its_own(place):
    victim = place.index.add(wheel(f"victim_{secrets.token_hex(4)}", 'REPORT = \'"as published"\'\n'))
    assert reporting(place, victim) == "as published"
    caches = [str(place.data)]
    # They may change what they see: that is a layer of its own.
    all_attacked(place, {
        "poisons-cache": {"file": f"{victim}.py", "text": "REPORT = '\"poisoned\"'\n", "caches": caches},
        "replaces-wheels": {"name": victim, "caches": caches}, "plants-installer-settings": {},
    })  # fmt: skip
    assert reporting(place, victim, also=[place.index.add(wheel(f"other_{secrets.token_hex(4)}", ""))]) == "as published"


def test_settings_of_a_pushed_project_do_not_reach_the_shared_cache(place):
    """The installer takes an index, a proxy and more from a pyproject.toml where it stands."""
    bogus = f"bogus-{secrets.token_hex(8)}"
    index = place.index.url.replace("/simple", f"/{bogus}/simple")
    needed = place.index.add(wheel(f"needed_{secrets.token_hex(4)}", ""))
    project = f'[project]\nname = "own"\nversion = "1"\ndependencies = ["{needed}"]\n[tool.uv]\nextra-index-url = ["{index}"]\n'
    ids = place.pushed({"pyproject.toml": project}, config="requirements_file: pyproject.toml\n", status=None)
    assert place.ended(*ids)["status"] == "ACTIVE", build_log(place, *ids)
    seen = [path for path in (place.data / "engine/wheels").rglob("*") if path.is_file() and bogus.encode() in path.read_bytes()]
    assert not seen, seen[:5]
    assert bogus in "".join(place.index.asked), "the project's own packages do come from there"


def test_a_finished_environment_is_changed_by_nobody(place):
    report = attacked(place, "plants-modes", {"environments": "/nowhere"})
    assert report, "the package did not find the environment that it is installed to"
    environments = place.data / "engine/environments"
    for path in environments.rglob("planted-*"):
        assert stat.S_IMODE(path.lstat().st_mode) & 0o6022 == 0, path
    for path in environments.iterdir():
        assert not path.is_dir() or stat.S_IMODE(path.stat().st_mode) == 0o755, path
    model, _ = place.pushed({
        "model/model.py": """
import os, sys, sysconfig
class Model:
    def predict(self, x):
        path = sysconfig.get_path("purelib") + "/planted.py"
        try:
            open(path, "w").close()
            return "written"
        except OSError as error:
            return type(error).__name__ + str(error.errno)
"""
    })  # fmt: skip
    assert visited(place, model, {}) in ("OSError30", "PermissionError13")


def test_a_second_push_installs_nothing_and_the_environment_goes_with_its_last_image(place):
    package = place.index.add(wheel(f"twice_{secrets.token_hex(4)}", "REPORT = '1'\n"))
    environments = place.data / "engine/environments"
    before = {path.name for path in environments.iterdir()}
    first, _ = reporting(place, package, status="ACTIVE")
    made = {path.name for path in environments.iterdir()} - before
    second, deployment = reporting(place, package, status="ACTIVE")
    log = build_log(place, second, deployment)
    assert "Using the cached Python environment" in log, log
    print(f"figure cached_build_{place.kind} {re.search(r'Build finished in ([0-9.]+) s', log)[1]} s")
    assert made and {path.name for path in environments.iterdir()} - before == made
    assert place.api.call("DELETE", f"/v1/models/{first}").status_code == 200
    assert visited(place, second, {}) == 1
    assert place.api.call("DELETE", f"/v1/models/{second}").status_code == 200
    eventually(lambda: not made & {path.name for path in environments.iterdir()}, seconds=60)


# MARK: What works


EXTENSION = """
#include <Python.h>
static PyObject *answer(PyObject *self, PyObject *none) { return PyLong_FromLong(42); }
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, ""}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_NAME", "", -1, methods};
PyMODINIT_FUNC PyInit__NAME(void) { return PyModule_Create(&module); }
"""


GIT = ["git", "-c", "user.name=t", "-c", "user.email=t@t", "-c", "init.defaultBranch=main"]


def test_packages_that_are_built_private_indexes_and_git_still_work(place, tmp_path):
    """A C extension of the index here and one of the public index, a package behind a password, and one from git."""
    built, private, versioned = (f"{name}_{secrets.token_hex(4)}" for name in ("compiled", "private", "versioned"))
    place.index.add(sdist(built, {"extension.c": EXTENSION.replace("NAME", built)}))
    place.index.add(wheel(private, "REPORT = 'private'\n"))
    place.index.private.add(private)
    hidden = place.index.url.replace("http://", "http://reader:secret-word@")
    _, data = sdist(versioned)
    subprocess.run(["tar", "xz", "--strip-components=1", "-C", tmp_path], input=data, check=True)
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"], ["update-server-info"]):
        subprocess.run([*GIT, "-C", str(tmp_path), *words], check=True, capture_output=True)
    for path in (tmp_path / ".git").rglob("*"):
        if path.is_file():
            place.index.files[f"git/{path.relative_to(tmp_path / '.git')}"] = path.read_bytes()
    address = place.index.url.replace("/simple", "/files/git")
    requirements = [
        built, f"--extra-index-url {hidden}", f"{private}==1.0", f"{versioned} @ git+{address}",
        "--no-binary simplejson", "simplejson==3.19.3",
    ]  # fmt: skip
    model, deployment = place.pushed({"model/model.py": f"""
import _{built}, {private}, {versioned}, simplejson
class Model:
    def predict(self, x):
        return [_{built}.answer(), {private}.REPORT, {versioned}.REPORT, simplejson.encoder.c_make_encoder is not None]
"""}, config=f"requirements: {json.dumps(requirements)}")  # fmt: skip
    assert visited(place, model, {}) == [42, "private", "{}", True]
    assert "secret-word" not in build_log(place, model, deployment)


def commands():
    """Command lines of all processes of this machine."""
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield path.read_bytes().decode(errors="replace")
        except OSError:
            continue


def disk_used(directory):
    """Of it alone, since the other lane's tests fill the same disk, and of files there that are open and have no name."""
    named = subprocess.run(["du", "-s", "--block-size=1", directory], capture_output=True, text=True).stdout.split()[0]
    device, hidden = os.stat(directory).st_dev, {}
    for path in pathlib.Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            status = path.stat()
            if status.st_dev == device and status.st_nlink == 0:
                hidden[status.st_ino] = status.st_blocks * 512
    return int(named) + sum(hidden.values())
