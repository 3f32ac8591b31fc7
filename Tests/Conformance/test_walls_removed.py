"""Walls taken away: the attacks of `test_hostile_builds.py` and others then succeed. A wall whose removal nothing
notices would not be tested. Only debug builds have the switch (`SLIPWAY_TEST_WITHOUT_WALLS`)."""

import contextlib
import http.server
import json
import pathlib
import secrets
import threading
import time

import pytest
import requests
from harness import BINARY
from hostile.builds import (
    LIMIT, PORTS, Place, attack_file, attacked, build_log, commanded, kinds, reporting, visited,
)  # fmt: skip
from hostile.carrier import Carrier
from hostile.network import files
from hostile.packages import wheel

KIND = kinds()[0] if kinds() else None
pytestmark = [
    pytest.mark.skipif(KIND is None, reason="no server with walls can be started here"),
    pytest.mark.skipif("release" in str(BINARY), reason="release builds have no way to remove a wall"),
]
PORT = PORTS["root"] + 5


@pytest.fixture(scope="module")
def without_cache():
    with Place(KIND, PORT, ["package-cache"]) as place:
        yield place


@pytest.fixture(scope="module")
def without_sandbox():
    walls = ["install-sandbox", "planner-sandbox", "config-paths", "planned-paths"]
    with Place(KIND, PORT + 1, walls) as place:
        yield place


@pytest.fixture(scope="module")
def without_details():
    walls = ["requirement-options", "finished-environments", "disk-limit", "build-log-paths", "build-network"]
    with Place(KIND, PORT + 2, walls) as place:
        yield place


@pytest.fixture(scope="module")
def without_bounds():
    with Place(KIND, PORT + 5, ["call-filter", "processes", "group-limits"]) as place:
        yield place, Carrier(place.api, ["gains-privileges", "reaches-processes", "takes-threads"])


@pytest.fixture(scope="module")
def without_user():
    with Place(KIND, PORT + 6, ["own-user", "frozen-archives"]) as place:
        yield place


def test_package_cache(without_cache):
    place = without_cache
    victim = place.index.add(wheel(f"victim_{secrets.token_hex(4)}", "REPORT = '\"as published\"'\n"))
    assert reporting(place, victim) == "as published"
    target = {"file": f"{victim}.py", "text": "REPORT = '\"poisoned\"'\n", "caches": []}
    assert attacked(place, "poisons-cache", target, also=[victim])
    other = place.index.add(wheel(f"other_{secrets.token_hex(4)}", ""))
    assert reporting(place, victim, also=[other]) == "poisoned"


def test_install_sandbox(without_sandbox):
    place = without_sandbox
    report = attacked(place, "reads-files", {"secrets": place.secrets()})
    assert place.secret in report["found"].values() and place.key in json.dumps(report)
    processes = attacked(place, "reaches-processes", {"server": place.server.process.pid})
    assert processes["signal"] == "done"


def test_planner_sandbox_config_paths_and_planned_paths(without_sandbox):
    place = without_sandbox
    model, _ = place.pushed({
        "model/model.py": """
import os
class Model:
    def predict(self, x):
        return [open(os.path.join(d, f)).read() for d, _, names in os.walk("/app/data") for f in names if f == "own"]
"""}, config=f"data_dir: ../../../../../../../../../../../../{place.home}")  # fmt: skip
    assert visited(place, model, {}) == [place.secret]


def test_requirement_options_and_build_log_paths(without_details):
    place = without_details
    model, deployment = place.pushed({}, config="requirements: ['-r /etc/hostname']", status=None)
    place.ended(model, deployment)
    # The installer takes the one word of that file for a package. Few machines are named like one that there is.
    word = pathlib.Path("/etc/hostname").read_text().strip().lower().split(".")[0]
    log = build_log(place, model, deployment).lower()
    assert f"{word} was not found" in log or f"+ {word}==" in log, log
    model, deployment = place.pushed({}, config="requirements: [six]")
    assert str(place.data) in build_log(place, model, deployment)


def test_finished_environments(without_details):
    place = without_details
    model, _ = place.pushed({"model/model.py": """
import sysconfig
class Model:
    def predict(self, x):
        with open(sysconfig.get_path("purelib") + "/planted.py", "w") as file:
            return file.write("written")
"""})  # fmt: skip
    assert visited(place, model, {}) == 7
    assert list((place.data / "engine/environments").rglob("planted.py"))


def test_disk_limit(without_details):
    place = without_details
    target = {"place": "/tmp", "files": 2, "bytes": LIMIT << 20, "seconds": 5}
    assert attacked(place, "fills-disk", target) == "filled"
    model, _ = place.pushed({
        "model/attack.py": attack_file("fills-disk").read_text(),
        "model/model.py": "from . import attack\nclass Model:\n    def predict(self, target):\n        return attack.run(target)\n",
    })  # fmt: skip
    assert visited(place, model, target) == "filled"


def test_build_network(without_details):
    place = without_details
    target = {
        "addresses": ["127.0.0.1"], "ports": [place.port, place.neighbour.server.server_port], "key": place.key, "name": "",
    }  # fmt: skip
    report = commanded(place, "calls-this-machine", target)
    # The management API with a key, and whatever else listens here.
    assert list(report["calls"].values()) == [200, 404], report


def test_call_filter(without_bounds):
    _, carrier = without_bounds
    report = carrier.run("gains-privileges", {}, apart=True)
    assert report["tried"]["unshare"] is None, report


def test_processes(without_bounds):
    place, carrier = without_bounds
    report = carrier.run("reaches-processes", {"server": place.server.process.pid})
    assert any(str(place.data) in command for command in report["commands"]), report


def test_group_limits(without_bounds):
    place, carrier = without_bounds
    if not place.has_limits:
        pytest.skip("no control groups here")
    assert carrier.run("takes-threads", {}, apart=True) > 4096


@pytest.mark.skipif(KIND != "root", reason="only a server that is root has users to give")
def test_own_user(without_user):
    carrier = Carrier(without_user.api, ["gains-privileges"])
    report = carrier.run("gains-privileges", {})
    assert (report["tried"]["setuid"], report["tried"]["mknod"]) == (None, None), report
    assert int(report["status"]["CapEff"], 16) != 0


def test_frozen_archives(without_user):
    place = without_user
    model, deployment = place.pushed({"model/model.py": "class Model:\n    def predict(self, x):\n        return 'pushed'\n"})
    for archive in (place.data / "blobs/objects").glob("*/*"):
        archive.write_bytes(archive.read_bytes().replace(b"'pushed'", b"'broken'"))
    url = place.api.get(f"/v1/models/{model}/deployments/{deployment}/download")["download_url"]
    assert b"'broken'" in requests.get(url, timeout=10).content


@contextlib.contextmanager
def imposter():
    """A server on this machine's loopback that answers whatever a replica would be asked; its port and what it heard."""
    heard = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self):
            heard.append(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode())
            self.send_response(200)
            self.send_header("Content-Length", "8")
            self.end_headers()
            self.wfile.write(b'"forged"')

        do_GET = do_POST = answer

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port, heard
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("without", [[], ["upstream-inside"]])
def test_upstream_inside(without):
    """A replica never listens, and another process of this machine listens at its port: only by connections that are
    made outside it is taken for the replica, and gets what clients send."""
    with imposter() as (port, heard), Place(KIND, PORT + 3 + len(without), without) as place:
        truss = files("network_never_listens")
        truss["config.yaml"] = truss["config.yaml"].replace("8000", str(port))
        model, deployment = place.api.pushed("never-listens", truss, status=None)
        if not without:
            place.api.wait(model, deployment, "LOADING_MODEL")
            # Readiness is asked several times a second.
            time.sleep(2)
            assert place.api.deployment(model, deployment)["status"] == "LOADING_MODEL" and heard == []
            return
        place.api.wait(model, deployment, "ACTIVE")
        assert visited(place, model, {"private": "word"}) == "forged"
        assert any("private" in body for body in heard), heard
