"""One small Truss per attack, on a server that is root and on one that is not: each says what it could do, and beside it
its legitimate twin works. All are carried by one model, as a replica for each would take long.

Builds, configs and paths have tests of their own (`test_hostile_builds.py`, `test_hostile_configs.py`); so have attacks
that need several models (`test_hostile_network.py`).
"""

import contextlib
import json
import os
import secrets
import socket
import subprocess
import threading

import pytest
import requests

from harness import eventually
from hostile.carrier import Carrier
from hostile.network import ELSEWHERE, HERE, METADATA, OUTSIDE, has_outside, outside, own_address, tunnels_for_all
from hostile.network import PORT as LISTENING
from hostile.sites import REFUSED, callers, inside, site_of

PORT = 18730
DENIED = {"EPERM", "EACCES", "ENOENT", "EROFS", "ENOSYS", "EINVAL", "ESRCH", "ENXIO", "ENOTDIR", "EIO"}
pytestmark = pytest.mark.skipif(not has_outside(), reason="needs root, iproute2, nftables and slirp4netns")


class Scene:
    """A server, a model that attacks, one that is attacked, and what the machine has of its own."""

    def __init__(self, site):
        self.site, self.api, self.kind = site, site.api, site.kind
        self.word = "word" + secrets.token_hex(8)
        self.own, self.other, self.told = (secrets.token_hex(16) for _ in range(3))
        for name, value in (("own-secret", self.own), ("other-secret", self.other), ("told-secret", self.told)):
            self.api.post("/v1/secrets", {"name": name, "value": value})
        self.victim, self.victims = site.push("victim", "network_fixed_port", replace={"config.yaml": "secrets:\n  other-secret: null\n"})
        self.carrier = Carrier(self.api, ATTACKS, config="secrets:\n  own-secret: null\n")
        # What only this machine's loopback has.
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.loopback = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                caller, _ = self.listener.accept()
                caller.sendall(b"HTTP/1.0 200 OK\r\n\r\nthe machine's loopback")
                caller.close()

    def close(self):
        # Closing alone does not wake who accepts.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def units(self):
        return [str(path) for path in self.site.server.data.glob("engine/replicas/*")]

    @property
    def has_limits(self):
        command = [*self.site.server.command[: self.site.server.command.index("serve")], "doctor", "--data-dir", str(self.site.server.data)]
        said = subprocess.run(command, capture_output=True, text=True, env=self.site.server.environment).stdout
        return "control groups cannot be used" not in said


@pytest.fixture(scope="module", params=["root", "user"])
def scene(request):
    with outside(), tunnels_for_all(), site_of(request.param, port=PORT) as site:
        made = Scene(site)
        yield made
        made.close()


def addresses(scene):
    """Of another replica and of the machine's end of the own wire; an ordinary user's replicas have neither."""
    if scene.kind == "user":
        return ["10.0.2.2", "10.0.2.100", "10.0.2.3"]
    theirs = json.loads(inside(scene.site.record(scene.victim), "ip", "-json", "address", "show", "dev", "eth0"))
    routes = json.loads(inside(scene.site.record(scene.carrier.model), "ip", "-json", "route"))
    return [theirs[0]["addr_info"][0]["local"], next(route["gateway"] for route in routes if route["dst"] == "default")]


def neighbours(scene):
    """Link-local addresses of the machine's interfaces."""
    links = json.loads(subprocess.run(["ip", "-json", "-6", "address"], capture_output=True, text=True, check=True).stdout)
    return [a["local"] for link in links for a in link["addr_info"] if a["scope"] == "link"]


def machine():
    return sorted({HERE, "127.0.0.1", own_address() or HERE})


def processes(scene):
    return [scene.site.server.process.pid, scene.site.record(scene.victim)["process"]["pid"]]


PLACE = {"outside": OUTSIDE, "port": LISTENING}
# What each is told. Those that go on listening come after the one that looks who listens.
TARGETS = {
    "network-watches-connections": lambda s: {},
    "network-reaches-replicas-by-loopback": lambda s: {"ports": [8000, 9090, s.site.record(s.victim)["port"]]},
    "network-reaches-the-machines-loopback": lambda s: {"port": s.loopback},
    "network-manages-the-server": lambda s: {
        "port": PORT, "hosts": [*machine(), "localhost", "[::1]"], "key": s.site.server.key, "model": s.victim},
    "network-reaches-the-machine": lambda s: {**PLACE, "addresses": machine()},
    "network-asks-for-metadata": lambda s: PLACE,
    "network-reaches-a-replica-by-address": lambda s: {**PLACE, "addresses": addresses(s), "ports": [8000, 8080, PORT]},
    "network-finds-neighbours": lambda s: {"neighbours": neighbours(s)},
    "network-sends-raw-packets": lambda s: PLACE,
    "network-forges-its-address": lambda s: {**PLACE, "others": [HERE, METADATA, "127.0.0.1", ELSEWHERE, *addresses(s)[:1]]},
    "network-shouts": lambda s: {**PLACE, "broadcasts": ["10.231.77.255"]},
    "network-enters-other-networks": lambda s: {"processes": processes(s)},
    "network-reaches-abstract-sockets": lambda s: {"name": s.word},
    "network-takes-the-gateways-port": lambda s: {"ports": [PORT, PORT + 1]},
    "network-takes-a-fixed-port": lambda s: {"port": 8000},
    "network-opens-odd-sockets": lambda s: {},
    "takes-memory": lambda s: {"MiB": 3072},
    "fills-shared-memory": lambda s: {"MiB": 3072},
    "takes-descriptors": lambda s: {"each": 4096, "processes": 4},
    "takes-threads": lambda s: {},
    "raises-its-limits": lambda s: {},
    "floods-its-log": lambda s: {"MiB": 64, "word": s.word},
    "forges-log-lines": lambda s: {"word": s.word, "other": s.victims, "model": s.victim},
    "opens-devices": lambda s: {},
    "changes-the-kernel": lambda s: {},
    "reads-others-secrets": lambda s: {
        "paths": ["/secrets/other-secret", *(f"{unit}/secrets/other-secret" for unit in s.units()),
                  str(s.site.server.data / "master-key"), str(s.site.server.data / "admin-api-key")],
        "own": "own-secret", "value": s.own},
    "breeds": lambda s: {},
}  # fmt: skip
ATTACKS = list(TARGETS)
# They end processes, their own or others of the replica.
ENDING = {"takes-memory", "fills-shared-memory"}
# They lower limits for good or make very many processes.
APART = {"takes-descriptors", "takes-threads", "raises-its-limits", "breeds", "network-enters-other-networks"}
BOUNDED = {"breeds", "takes-threads", *ENDING}


def run(scene, attack, part="run", **more):
    return scene.carrier.run(attack, {**TARGETS[attack](scene), **more}, part, apart=attack in APART)


def all_refused(report, others=()):
    wrong = {what: said for what, said in report.items() if said not in REFUSED | DENIED | set(others)}
    assert not wrong, wrong


# MARK: What each could do


def loopback_is_its_own(scene, report):
    # Port 8080 is its own server's.
    assert {said for what, said in report.items() if not what.endswith(" 8080")} <= REFUSED, report


def no_management(scene, report):
    # At the address for models the server knows nothing else.
    wrong = {what: said for what, said in report.items() if said not in (REFUSED if f":{PORT}" in what else {404})}
    assert not wrong, wrong


def no_neighbours(scene, report):
    assert report["own"] == [] or scene.kind == "user", report
    assert set(report["found"].values()) <= REFUSED | {"EADDRNOTAVAIL"}, report


def answers_none(scene, report):
    # Where nothing forbids to send, nothing comes back.
    all_refused(report, {"EADDRNOTAVAIL"})


def forges_nothing(scene, report):
    assert report.pop("transparent") == "EPERM", report
    all_refused(report, {"EADDRNOTAVAIL"})


def no_abstract_sockets(scene, report):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("\0" + scene.word)
        listener.listen()
        report = run(scene, "network-reaches-abstract-sockets")
    assert report["connected"] == "ECONNREFUSED" and not any(scene.word in name for name in report["seen"]), report


def clients_are_not_stolen(scene, report):
    assert set(report.values()) == {"listens"}, "in its own network it may"
    answers = callers(scene.site)
    assert len(answers) == 60 and not any("forged" in answer for answer in answers)
    assert set(run(scene, "network-takes-the-gateways-port", heard=True)) == {"EAGAIN"}


def the_other_keeps_its_port(scene, report):
    assert "listens" in report.values(), report
    assert scene.site.predict(scene.victim)
    assert set(run(scene, "network-takes-a-fixed-port", heard=True)) == {"EAGAIN"}


def no_odd_sockets(scene, report):
    assert "made" not in report.values(), report


def sees_only_its_own(scene, report):
    lists = [ports for ports in report.values() if isinstance(ports, list)]
    assert lists, report
    assert not {PORT, PORT + 1, scene.loopback} & {port for ports in lists for port in ports}, report


def others_have_files(scene, report):
    assert report == ["EMFILE"] * 4, report
    assert requests.get(f"http://localhost:{PORT}/healthz", timeout=10).status_code == 200
    assert scene.site.predict(scene.victim)


def threads_are_bounded(scene, report):
    assert 500 < report < 4096, report


def processes_are_bounded(scene, report):
    assert 500 < report < 4200, report


def nothing_is_raised(scene, report):
    assert not any(isinstance(said, int) or said in (None, "raised") for said in report.values()), report


def the_log_stays_small(scene, report):
    logs = scene.site.server.data / "logs"
    eventually(lambda: "bytes of output were dropped" in scene.api.logs(scene.carrier.model, scene.carrier.deployment, direction="desc"), 60)
    size = sum(path.stat().st_size for path in logs.rglob("*") if path.is_file())
    assert size < 80 << 20, size
    assert scene.site.predict(scene.victim)


def forges_nobodys_lines(scene, report):
    mine, theirs = (lambda: scene.api.logs(scene.carrier.model, scene.carrier.deployment, direction="desc")), scene.api.logs(scene.victim, scene.victims)
    eventually(lambda: mine().count(scene.word) >= 3, what=mine)
    assert scene.word not in theirs and scene.word not in scene.site.server.log.read_text()
    page = scene.api.get(f"/v1/models/{scene.carrier.model}/deployments/{scene.carrier.deployment}/logs", params={"direction": "desc", "limit": 1000})
    found = [line for line in page["logs"] if scene.word in line["message"]]
    # The time is when it was printed, and the replica the one that printed it.
    assert all(line.get("replica") != "another" and "1999" not in str(line["timestamp"]) for line in found), found


def no_device_is_opened(scene, report):
    for path in ("/proc/kcore", "/proc/kmsg", "/proc/keys", "/proc/timer_list", "/sys/kernel/debug/sched", "/sys/firmware/acpi"):
        assert report[path] in DENIED | {"nothing"}, (path, report[path])
        del report[path]
    all_refused(report)


def makes_no_packets(scene, report):
    all_refused(report, {"EAFNOSUPPORT"})


def the_kernel_is_as_it_was(scene, report):
    all_refused({what: said for what, said in report.items() if what != "/proc/1/oom_score_adj"})


def secrets_are_their_models(scene, report):
    text = json.dumps(report)
    assert scene.other not in text and scene.site.server.key not in text, report["found"]
    assert report["listed"] == ["own-secret"], report["listed"]


CHECKS = {
    "network-reaches-replicas-by-loopback": loopback_is_its_own, "network-manages-the-server": no_management,
    "network-finds-neighbours": no_neighbours, "network-forges-its-address": forges_nothing, "network-shouts": answers_none,
    "network-sends-raw-packets": makes_no_packets, "network-reaches-abstract-sockets": no_abstract_sockets, "network-takes-the-gateways-port": clients_are_not_stolen,
    "network-takes-a-fixed-port": the_other_keeps_its_port, "network-opens-odd-sockets": no_odd_sockets,
    "network-watches-connections": sees_only_its_own, "takes-descriptors": others_have_files,
    "takes-threads": threads_are_bounded, "breeds": processes_are_bounded, "raises-its-limits": nothing_is_raised,
    "floods-its-log": the_log_stays_small, "forges-log-lines": forges_nobodys_lines, "opens-devices": no_device_is_opened,
    "changes-the-kernel": the_kernel_is_as_it_was, "reads-others-secrets": secrets_are_their_models,
}  # fmt: skip


@pytest.mark.parametrize("attack", [attack for attack in ATTACKS if attack not in ENDING])
def test_an_attack_does_nothing_and_its_twin_works(scene, attack):
    if attack in BOUNDED and not scene.has_limits:
        pytest.skip("no control groups here")
    report = run(scene, attack)
    CHECKS.get(attack, lambda _, found: all_refused(found))(scene, report)
    if attack != "breeds":
        assert run(scene, attack, "twin") == "works"
    assert scene.carrier.run(None, {}) == "carried"


@pytest.mark.parametrize("attack", sorted(ENDING))
def test_one_that_takes_memory_is_ended_and_told_and_its_twin_works(scene, attack):
    if not scene.has_limits:
        pytest.skip("no control groups here")
    assert run(scene, attack, "twin") == "works"
    others = scene.site.predict(scene.victim)
    with contextlib.suppress(requests.ConnectionError):
        assert scene.carrier.answer(attack, "run", TARGETS[attack](scene)).status_code != 200
    log = lambda: scene.api.logs(scene.carrier.model, scene.carrier.deployment, direction="desc")
    eventually(lambda: "Out of memory" in log(), what=log)
    eventually(lambda: scene.carrier.answer(None, "", {}).status_code == 200)
    assert scene.site.predict(scene.victim) == others, "the other is as it was"


def test_a_secret_in_the_reason_of_a_failure_is_told_to_its_own_log_alone(scene):
    model, deployment = scene.site.push("tells-its-secret", "tells-its-secret", status=None)
    log = lambda: scene.api.logs(model, deployment)
    eventually(lambda: scene.told in log(), 60, what=log)
    # It said that itself, to those who may read its log. Nobody else is told.
    audit = scene.api.get("/v1/audit_logs", params={"limit": 100})
    for text in (scene.site.server.log.read_text(), json.dumps(audit), scene.api.logs(scene.victim, scene.victims)):
        assert scene.told not in text
    assert scene.api.call("DELETE", f"/v1/models/{model}").status_code == 200
