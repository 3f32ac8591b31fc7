"""The walls of builds, taken away: the attacks of `test_hostile_builds.py` then succeed. A wall whose removal nothing
notices would not be tested. Only debug builds have the switch (`SLIPWAY_TEST_WITHOUT_WALLS`)."""

import json
import pathlib
import secrets

import pytest
from harness import BINARY
from hostile.builds import LIMIT, PORTS, Place, attack_file, attacked, build_log, kinds, reporting, visited
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
    walls = ["requirement-options", "finished-environments", "disk-limit", "build-log-paths"]
    with Place(KIND, PORT + 2, walls) as place:
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
    assert place.ended(model, deployment)["status"] == "BUILD_FAILED"
    # The installer takes the one word of that file for a package that nobody has.
    word = pathlib.Path("/etc/hostname").read_text().strip().lower().split(".")[0]
    log = build_log(place, model, deployment)
    assert f"{word} was not found" in log.lower(), log
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
