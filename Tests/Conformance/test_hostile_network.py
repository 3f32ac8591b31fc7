"""Replicas' networks: hostile Trusses attack the server's ports, other replicas and the machine, and honest ones work.

Everything is tried with a server that is root and with one that is an ordinary user. Each wall is also taken away once,
to see that an attack then succeeds.
"""

import concurrent.futures
import contextlib
import json
import os
import signal
import socket
import subprocess
import time

import pytest
import requests

from harness import eventually
from hostile.network import ELSEWHERE, HERE, METADATA, OUTSIDE, files, has_outside, outside, own_address, tunnels_for_all
from hostile.network import PORT as LISTENING
from hostile.sites import PORT, REFUSED, callers, inside, site_of

pytestmark = pytest.mark.skipif(not has_outside(), reason="needs root, iproute2, nftables and slirp4netns")


@pytest.fixture(scope="module", autouse=True)
def beyond():
    with outside(), tunnels_for_all():
        yield


@pytest.fixture(scope="module", params=["root", "user"])
def site(request, beyond):
    with site_of(request.param) as made:
        yield made


def test_clients_reach_the_server_whatever_listens_on_its_ports(site):
    model = site.model("network_takes_the_servers_ports")
    # In a network of its own it may listen where it likes.
    told = site.predict(model, do="listen", ports=[PORT, PORT + 1])
    assert told[f"127.0.0.1 {PORT}"] == "listens", told
    answers = callers(site)
    assert "forged" not in answers and len(answers) == 60
    assert site.predict(model, do="heard") == []


def test_one_that_takes_every_port_keeps_no_other_from_starting(site):
    hoarder = site.model("network_hoards_ports")
    assert site.predict(hoarder) > 900
    other, _ = site.push("beside-the-hoarder", "network_reaches_out")
    assert site.predict(other, do="interfaces")


def test_replicas_with_one_fixed_port_run_together(site):
    """Port 8000 too, several of one model and of others, and the next deployment beside the one before."""
    model, deployment = site.push("fixed", "network_fixed_port")
    site.push("fixed-too", "network_fixed_port")
    site.api.call(
        "PATCH", f"/v1/models/{model}/deployments/{deployment}/autoscaling_settings",
        json={"min_replica": 3, "max_replica": 3}).raise_for_status()
    seen = set()

    def all_three():
        with concurrent.futures.ThreadPoolExecutor(9) as pool:
            seen.update(pool.map(lambda _: site.predict(model), range(9)))
        return len(seen) == 3

    eventually(all_three, 60, what=lambda: seen)
    mine = [record for record in site.records() if record["deploymentID"] == deployment]
    assert len(mine) == 3 and {record["port"] for record in mine} == {8000}
    _, second = site.push("fixed", "network_fixed_port", replace={"data/server.py": "# changed\n"})
    answer = site.api.session.post(f"{site.api.management}/model/{model}/deployment/{second}/predict", json={}, timeout=60)
    assert answer.status_code == 200 and answer.json() not in seen


def test_readiness_is_not_taken_from_another_that_listens_on_the_same_port(site):
    imposter = site.model("network_impersonates")
    model, deployment = site.push("waits", "network_never_listens", status=None)
    eventually(lambda: site.api.deployment(model, deployment)["status"] == "LOADING_MODEL", 60)
    eventually(lambda: any(record["deploymentID"] == deployment for record in site.records()))
    pause = site.api.session.get(f"{site.api.management}/v1/models/{model}", timeout=60)
    assert pause.status_code == 200
    # The other answers whoever asks it, and is asked by nobody but its own.
    with contextlib.suppress(AssertionError):
        eventually(lambda: site.api.deployment(model, deployment)["status"] == "ACTIVE", 5)
        pytest.fail("a replica that does not listen counts as ready")
    assert site.predict(imposter) == []


def test_what_is_outside_is_reached_and_nothing_of_this_machine(site):
    reaches_only_what_is_outside(site, site.model("network_reaches_out"))


def network_of(pid):
    return os.readlink(f"/proc/{pid}/ns/net")


def spare_networks(site):
    """Those that the server has made and no replica is in."""
    server, used = site.server.process.pid, {network_of(record["process"]["pid"]) for record in site.records()}
    held = set()
    for file in os.listdir(f"/proc/{server}/fd"):
        with contextlib.suppress(FileNotFoundError):
            held.add(os.readlink(f"/proc/{server}/fd/{file}"))
    return {name for name in held if name.startswith("net:")} - used - {network_of(server)}


def test_a_network_that_was_made_before_has_the_same_walls(site):
    first = site.model("network_reaches_out")
    if site.kind == "user":
        assert not spare_networks(site)
        return
    # Those of replicas that ended may be held for a while, too.
    time.sleep(4)
    spares = eventually(lambda: spare_networks(site), 30)
    model, _ = site.push("in-a-spare", "network_reaches_out")
    assert network_of(site.record(model)["process"]["pid"]) in spares
    reaches_only_what_is_outside(site, model)
    rules = [inside(site.record(one), "nft", "list", "ruleset") for one in (first, model)]
    assert rules[0] == rules[1] and "policy drop" in rules[0]
    # The next one gets another.
    eventually(lambda: spare_networks(site) - spares, 30)


def reaches_only_what_is_outside(site, model):
    def connect(address, port=LISTENING, **options):
        return site.predict(model, do="connect", address=address, port=port, **options)

    assert connect(OUTSIDE).endswith(f"outside {OUTSIDE}")
    assert site.predict(model, do="send", address=OUTSIDE, port=LISTENING) == "outside"
    assert connect(ELSEWHERE).endswith(f"outside {ELSEWHERE}")
    # Where this machine, and whoever is on its loopback, can reach them.
    assert requests.get(f"http://{METADATA}:{LISTENING}", timeout=10).text == f"outside {METADATA}"
    assert requests.get(f"http://{HERE}:{LISTENING}", timeout=10).text == f"outside {HERE}"
    for address in (METADATA, HERE):
        assert connect(address) in REFUSED
        assert connect(address, device="eth0") in REFUSED
        assert site.predict(model, do="send", address=address, port=LISTENING) in REFUSED
    # The last one is where slirp4netns would show this machine.
    own = ["127.0.0.1", "::1", "0.0.0.0", "127.0.0.53", own_address() or "127.0.0.1", HERE, f"::ffff:{HERE}"]
    for address in own + (["10.0.2.2"] if site.kind == "user" else []):
        for port in (PORT, PORT + 1, 22):
            assert connect(address, port) in REFUSED, (address, port)
            assert connect(address, port, device="eth0") in REFUSED, (address, port)
    name = f"slipway-{os.getpid()}-{site.kind}"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("\0" + name)
        listener.listen()
        assert site.predict(model, do="abstract", name=name) == "ECONNREFUSED"


def test_other_replicas_are_not_reached(site):
    model = site.model("network_reaches_out")
    other = site.model("network_fixed_port")
    for port in {8000, 8080, *(record["port"] for record in site.records())}:
        answer = site.predict(model, do="connect", address="127.0.0.1", port=port)
        # Its own server is the only one there.
        assert answer in REFUSED or "uvicorn" in answer, answer
    if site.kind == "user":
        return
    # Neither by their addresses, nor this machine by its end of the pair.
    addresses = json.loads(inside(site.record(other), "ip", "-json", "address", "show", "dev", "eth0"))
    theirs = next(one["local"] for one in addresses[0]["addr_info"] if one["family"] == "inet")
    routes = json.loads(inside(site.record(model), "ip", "-json", "route"))
    machine = next(route["gateway"] for route in routes if route["dst"] == "default")
    for address, port in ((theirs, 8000), (machine, PORT), (machine, LISTENING)):
        for device in (None, "eth0"):
            assert site.predict(model, do="connect", address=address, port=port, device=device) in REFUSED
    assert site.predict(other), "it is there for its own callers"


def test_what_holds_it_is_not_changed_from_inside(site):
    told = site.predict(site.model("network_changes_its_walls"))
    assert "done" not in told.values() and 0 not in told.values(), told
    assert set(told) >= {"link", "address", "rules", "raw", "packet", "port 80"}, told


def test_the_inference_api_is_reached_with_a_key_and_nothing_else_of_the_server(site):
    model, echo = site.model("network_reaches_out"), site.push(f"echo-{site.kind}", "network_fixed_port")[0]
    path = f"/model/{echo}/production/predict"
    status, body = site.predict(model, do="call", path=path, key=site.server.key, json='{"x": 1}')
    assert status == 200 and json.loads(body), (status, body)
    for key in (None, "wrong"):
        status, body = site.predict(model, do="call", path=path, key=key, json="{}")
        assert status in {401, 403}, (status, body)
    for path in ("/v1/models", "/v1/secrets", "/graphql/", "/metrics"):
        status, body = site.predict(model, do="call", path=path, key=site.server.key)
        assert status == 404, (path, status, body)


def test_replicas_reach_only_what_their_config_allows(site):
    allowed = f"runtime:\n  egress_restrictions:\n    ip_allow_list: [{OUTSIDE}, {HERE}, 169.254.0.0/16]\n"
    model, _ = site.push("allowed", "network_reaches_out", replace={"config.yaml": allowed})
    # A name server is reached where the list names it only: questions can carry anything out.
    found = {address: site.predict(model, do="connect", address=address, port=LISTENING) for address in (OUTSIDE, ELSEWHERE, HERE, METADATA)}
    assert found.pop(OUTSIDE).endswith(f"outside {OUTSIDE}")
    assert set(found.values()) <= REFUSED, found
    assert site.predict(model, do="send", address=ELSEWHERE, port=LISTENING) in REFUSED
    nothing = "runtime:\n  egress_restrictions: {ip_allow_list: [], fqdn_allow_list: []}\n"
    model, _ = site.push("nothing", "network_reaches_out", replace={"config.yaml": nothing})
    assert site.predict(model, do="interfaces") == ["lo"]
    assert site.predict(model, do="connect", address=OUTSIDE, port=LISTENING) == "ENETUNREACH"
    assert site.predict(model, do="call", path="/") == [0, "no address"]
    named = "runtime:\n  egress_restrictions: {fqdn_allow_list: ['*.example.com']}\n"
    content = files("network_reaches_out")
    content["config.yaml"] += named
    answer = site.api.push("named", content)
    message = " ".join(answer.text.split())
    assert answer.status_code == 400 and "egress_restrictions.fqdn_allow_list" in message, answer.text


def test_networks_and_ways_out_survive_the_server(site):
    model, other = site.model("network_reaches_out"), site.model("network_fixed_port")
    before = site.record(model), site.predict(other)
    site.kill()
    assert eventually(lambda: site.predict(other), 30) == before[1]
    assert site.record(model)["process"] == before[0]["process"]
    assert site.predict(model, do="connect", address=OUTSIDE, port=LISTENING).endswith(OUTSIDE)
    assert site.predict(model, do="connect", address=HERE, port=LISTENING) in REFUSED
    status, body = site.predict(model, do="call", path=f"/model/{other}/production/predict", key=site.server.key, json="{}")
    assert status == 200, (status, body, site.server.log.read_text()[-2000:])
    if site.kind == "user":
        # What carries its packets is started again when it dies.
        os.kill(site.record(model)["helper"]["pid"], signal.SIGKILL)
        eventually(lambda: site.predict(model, do="connect", address=OUTSIDE, port=LISTENING).endswith(OUTSIDE), 30)
        assert site.predict(model, do="connect", address=HERE, port=LISTENING) in REFUSED


def test_addresses_that_this_machine_gets_later_are_its_own_too(site):
    model, later = site.model("network_reaches_out"), "10.231.77.9"
    subprocess.run(["ip", "address", "add", f"{later}/32", "dev", "slt-here"], check=True)
    try:
        with socket.create_server((later, LISTENING)):
            # Refused by a rule, at the latest some seconds later, and never served by the listener.
            eventually(lambda: site.predict(model, do="connect", address=later, port=LISTENING) in REFUSED - {"TimeoutError"}, 20)
    finally:
        subprocess.run(["ip", "address", "delete", f"{later}/32", "dev", "slt-here"], check=True)


def test_with_its_walls_removed_attacks_succeed():
    """Of a wall that no attack notices nobody knows whether it stands."""
    with site_of("root", ["addresses", "restrictions"], PORT + 10) as site:
        for attempt in range(5):
            model, _ = site.push(f"attempt-{attempt}", "network_reaches_out")
            found = {address: site.predict(model, do="connect", address=address, port=LISTENING) for address in (METADATA, HERE)}
            if all(answer.endswith(f"outside {address}") for address, answer in found.items()):
                break
            # The rules are the machine's: another server that has started since, one of the other lane, put them back.
            site.kill()
        else:
            pytest.fail(f"without its wall nothing was reached: {found}")
        allowed = f"runtime:\n  egress_restrictions: {{ip_allow_list: [{OUTSIDE}]}}\n"
        model, _ = site.push("allowed", "network_reaches_out", replace={"config.yaml": allowed})
        assert site.predict(model, do="connect", address=ELSEWHERE, port=LISTENING).endswith(f"outside {ELSEWHERE}")
    with site_of("user", ["network", "shared-ports"], PORT + 20) as site:
        model = site.model("network_reaches_out")
        assert "HTTP/1" in site.predict(model, do="connect", address="127.0.0.1", port=site.port)
        other = site.push("neighbour", "network_reaches_out")[0]
        port = site.record(other)["port"]
        assert "uvicorn" in site.predict(model, do="connect", address="127.0.0.1", port=port)
        thief = site.model("network_takes_the_servers_ports")
        assert "listens" in site.predict(thief, do="listen", ports=[site.port]).values()
        eventually(lambda: "forged" in callers(site, 20), 30)
        eventually(lambda: any(site.server.key in one for one in site.predict(thief, do="heard")), 30)
