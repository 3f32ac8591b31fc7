"""The real server is killed in the middle of everything: what was acknowledged is there, what runs goes on."""

import fcntl
import os
import pathlib
import shutil
import tempfile
import threading

import pytest

import crash.run
import crash.steps
from crash import leftovers
from harness import Server, eventually, truss_files

KILLS = int(os.environ.get("CRASH_KILLS", 12))
SEED = int(os.environ.get("CRASH_SEED", 5))


@pytest.fixture
def place():
    # Not below pytest's own directory: a replica's user must be able to reach it in plain mode too.
    directory = pathlib.Path(tempfile.mkdtemp(prefix="crash-"))
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


def tell(figures):
    for name, (value, unit) in figures.items():
        print(f"figure {name} {value} {unit}")


def test_kills_at_random_moments_lose_nothing_that_was_acknowledged(place):
    figures = crash.run.torture(KILLS, SEED, 18352, place)
    tell(figures)
    assert figures["crash_kills"][0] >= KILLS
    assert figures["crash_writes_verified"][0] > 0
    assert figures["crash_predictions_answered"][0] > 0


def test_a_kill_before_or_after_any_sync_loses_nothing_that_was_acknowledged(place):
    def spread(count):
        """Six of the syncs, over the whole range."""
        return sorted({1 + round(n * (count - 1) / 5) for n in range(6)})

    figures = crash.steps.all_steps(place, 18354, spread)
    tell(figures)
    assert figures["crash_scenario_syncs"][0] > 20
    assert figures["crash_syncs_killed_at"][0] >= 6


@pytest.fixture(scope="module")
def fragile():
    """A torture without clients, under the library of faults."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="crash-"))
    run = crash.steps.Steps(directory, 18356, owners=0, callers=0)
    try:
        run.build()
        yield run
    finally:
        run.clean_up()
        shutil.rmtree(directory, ignore_errors=True)


@pytest.mark.parametrize("side", ["before", "after"])
def test_no_replica_runs_that_no_record_names(fragile, side):
    before = fragile.anchor_replicas()
    fragile.faults.set(f"rename kill-{side} 1 path=replica.json")
    answer = fragile.api.push("unrecorded", truss_files("unrecorded"))
    assert answer.status_code == 200, answer.text
    fragile.dies()
    fragile.faults.clear()
    cut_off = {path.name for path in (fragile.data / "engine/replicas").iterdir()} - set(before)
    assert len(cut_off) == 1
    fragile.revive()
    fragile.compare(before)
    made = answer.json()
    fragile.api.wait(made["model"]["id"], made["deployment"]["id"], "ACTIVE")
    assert not leftovers.strays(fragile.data, fragile.server.process.pid)
    # It never began: the server could not say so any more. Another took its place.
    there = set(leftovers.replicas(fragile.data)) - set(before)
    assert len(there) == 1 and there != cut_off and not leftovers.groups(cut_off)
    assert fragile.api.call("DELETE", f"/v1/models/{made['model']['id']}").status_code == 200
    eventually(lambda: set(leftovers.replicas(fragile.data)) == set(before))


def test_what_a_build_started_ends_with_the_next_start_and_the_build_begins_anew(fragile):
    def sleepers():
        return {p for p, found in leftovers.everyone().items() if found.startswith("sleep 4.2")}

    files = truss_files("slow-build", config="build_commands: ['sleep 4.25']\n")
    made = fragile.api.push("slow-build", files).json()
    first = eventually(sleepers)
    before = fragile.anchor_replicas()
    fragile.kill()
    assert sleepers() == first, "a command outlives a killed server"
    fragile.revive()
    fragile.compare(before)
    assert not sleepers() & first
    fragile.api.wait(made["model"]["id"], made["deployment"]["id"], "ACTIVE")
    assert not list((fragile.data / "engine/processes").iterdir())
    assert not [d for d in (fragile.data / "engine/images").iterdir() if "." in d.name]


def test_the_same_push_with_the_same_key_is_made_once(fragile):
    archive = fragile.api.upload(truss_files("once"))
    deployment = {"config": {"model_name": "once"}, "deployment_name": "first"}
    source = {"kind": "model_archive", "name": "once", "deployment": deployment, "s3_key": archive}
    answers = [
        fragile.api.call("POST", "/v1/models", json={"source": source}, headers={"Idempotency-Key": "k"}) for _ in "12"
    ]
    assert [a.status_code for a in answers] == [200, 200], answers[1].text
    assert answers[0].json()["deployment"]["id"] == answers[1].json()["deployment"]["id"]


def test_sockets_of_killed_servers_go_where_their_path_is_long_too(place):
    server = Server(place / ("d" * 100), port=18358, inference_port=0)
    for _ in range(2):
        server.start()
        directories = leftovers.sockets(server.data, [server.process.pid])
        assert len(directories) == 2, "one in /tmp, and a link to it"
        server.process.kill()
        server.process.wait()
        first = server.process.pid
    server.start()
    assert not leftovers.sockets("/nowhere", [first])
    assert server.stop() == 0
    assert not leftovers.sockets(server.data, [server.process.pid])


def test_a_lock_that_is_about_to_go_is_waited_for(place):
    """What a killed server was just starting has its files for a moment longer."""
    server = Server(place / "data", port=18358, inference_port=0)
    server.data.mkdir()
    with open(server.data / "slipway.lock", "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        threading.Timer(0.5, lambda: fcntl.flock(held, fcntl.LOCK_UN)).start()
        server.start()
        assert server.stop() == 0
