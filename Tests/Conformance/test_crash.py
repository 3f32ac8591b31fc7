"""The real server is killed in the middle of everything: what was acknowledged is there, what runs goes on.

The tests share one data directory; the last one deletes everything and looks at what is left of all of them.
"""

import fcntl
import os
import pathlib
import tempfile
import threading

import pytest

from crash import leftovers
from crash.steps import Steps
from harness import Server, discard, eventually, truss_files

KILLS = int(os.environ.get("CRASH_KILLS", 10))
STEPS = int(os.environ.get("CRASH_STEPS", 3))
SEED = int(os.environ.get("CRASH_SEED", 5))


@pytest.fixture(scope="module")
def place():
    # Not below pytest's own directory: a replica's user must be able to reach it in plain mode too.
    directory = pathlib.Path(tempfile.mkdtemp(prefix="crash-"))
    yield directory
    discard(directory)


@pytest.fixture(scope="module")
def run(place):
    run = Steps(place, 18352, SEED)
    try:
        run.build()
        yield run
    finally:
        run.clean_up()


def test_kills_at_random_moments_lose_nothing_that_was_acknowledged(run):
    while run.kills < KILLS:
        run.round(run.random.uniform(0.05, 2.5))
    assert run.verified > KILLS


def test_a_kill_before_or_after_any_sync_or_write_loses_nothing_that_was_acknowledged(run):
    counts = run.measure()
    assert counts["sync"] > 20 and counts["write"] > counts["sync"]
    before = run.kills
    for kind, count in counts.items():
        # Only some of them: `scripts/torture.sh steps` takes every one.
        for number in sorted({1 + round(n * count * 0.7 / max(1, STEPS - 1)) for n in range(STEPS)}):
            for side in ("before", "after"):
                run.killed_at(kind, number, side)
        print(f"figure crash_scenario_{kind}s {count} {kind}s")
    print(f"figure crash_steps_killed_at {run.kills - before} kills")


@pytest.mark.parametrize("side", ["before", "after"])
def test_no_replica_runs_that_no_record_names(run, side):
    before, known = run.anchor_replicas(), set(leftovers.replicas(run.data))
    run.faults.set(f"rename kill-{side} 1 path=replica.json")
    answer = run.api.push(f"unrecorded-{side}", truss_files("unrecorded"))
    assert answer.status_code == 200, answer.text
    run.dies()
    run.faults.clear()
    cut_off = {path.name for path in (run.data / "engine/replicas").iterdir()} - known
    assert cut_off
    run.revive()
    run.compare(before)
    made = answer.json()
    run.api.wait(made["model"]["id"], made["deployment"]["id"], "ACTIVE")
    assert not leftovers.strays(run.data, run.server.process.pid)
    # It never began: the server could not say so any more. Another took its place.
    there = leftovers.replicas(run.data)
    assert made["deployment"]["id"] in {deployment for _, _, deployment in there.values()}
    assert not cut_off & set(there) and not leftovers.groups(cut_off)
    assert run.api.call("DELETE", f"/v1/models/{made['model']['id']}").status_code == 200


def test_what_a_build_started_ends_with_the_next_start_and_the_build_begins_anew(run):
    def sleepers():
        return {p for p, line in leftovers.everyone().items() if line.startswith("sleep 4.25")}

    files = truss_files("slow-build", config="build_commands: ['sleep 4.25']\n")
    made = run.api.push("slow-build", files).json()
    first = eventually(sleepers)
    before = run.anchor_replicas()
    run.kill()
    assert sleepers() == first, "a command outlives a killed server"
    run.revive()
    run.compare(before)
    assert not sleepers() & first
    run.api.wait(made["model"]["id"], made["deployment"]["id"], "ACTIVE")
    assert not [d for d in (run.data / "engine/images").iterdir() if "." in d.name]
    assert run.api.call("DELETE", f"/v1/models/{made['model']['id']}").status_code == 200


def test_the_same_push_with_the_same_key_is_made_once(run):
    archive = run.api.upload(truss_files("once"))
    deployment = {"config": {"model_name": "once"}, "deployment_name": "first"}
    source = {"kind": "model_archive", "name": "once", "deployment": deployment, "s3_key": archive}
    answers = [
        run.api.call("POST", "/v1/models", json={"source": source}, headers={"Idempotency-Key": "k"}) for _ in "12"
    ]
    assert [a.status_code for a in answers] == [200, 200], answers[1].text
    assert answers[0].json()["deployment"]["id"] == answers[1].json()["deployment"]["id"]
    assert run.api.call("DELETE", f"/v1/models/{answers[0].json()['model']['id']}").status_code == 200


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
    server = Server(place / "locked", port=18358, inference_port=0)
    server.data.mkdir()
    with open(server.data / "slipway.lock", "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        threading.Timer(0.5, lambda: fcntl.flock(held, fcntl.LOCK_UN)).start()
        server.start()
        eventually(lambda: leftovers.processes(server.data, without=(server.process.pid,)), what="a first start makes its tools")
        assert server.stop() == 0
    assert not leftovers.processes(server.data), "what it was making ends with the server"


def test_at_the_end_nothing_is_left_on_the_machine_and_predictions_were_lost_in_flight_only(run):
    for name, (value, unit) in run.finish().items():
        print(f"figure {name} {value} {unit}")
