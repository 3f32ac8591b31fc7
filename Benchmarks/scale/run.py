"""What deployments at rest cost: a change of settings, time at rest, memory, the list of models, a start.

One model is really pushed and serves from one replica; the others are copies of its records (`seeding`). Each figure is
printed for every number of deployments, with its ratio to the server that has that one model only.
"""

import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "common"))

import bench  # noqa: E402
import requests  # noqa: E402
from harness import Server, eventually, truss_files  # noqa: E402
from seeding import fill  # noqa: E402

SIZES = [0, 1_000, 10_000, 100_000]
PER_MODEL = 10
CHANGES = 50
REST = 20


def predicts(server, model):
    try:
        answer = requests.post(
            f"http://localhost:{server.port}/model/{model}/production/predict", json={"n": 1}, timeout=10,
            headers={"Authorization": f"Api-Key {server.key}"},
        )  # fmt: skip
        return answer.status_code == 200
    except requests.ConnectionError:
        return False


def started(server, model):
    """Seconds from the start of the process to its first prediction."""
    begun = time.monotonic()
    server.start()
    eventually(lambda: predicts(server, model), seconds=120, every=0.01)
    return time.monotonic() - begun


def changes(server, model):
    """Latencies of changes of settings, and the processor time of one."""
    api = bench.api(server)
    path = f"/v1/models/{model}/environments/production"
    latencies = []
    cpu = bench.cpu_seconds(server.process.pid)
    for number in range(CHANGES):
        begun = time.monotonic()
        answer = api.call("PATCH", path, json={"autoscaling_settings": {"scale_down_delay": 900 + number % 2}})
        assert answer.status_code in (200, 202), answer.text
        latencies.append(time.monotonic() - begun)
    return latencies, (bench.cpu_seconds(server.process.pid) - cpu) / CHANGES


def idle(server):
    """The share of a processor that the server takes while nobody calls it."""
    time.sleep(5)
    cpu = bench.cpu_seconds(server.process.pid)
    time.sleep(REST)
    return (bench.cpu_seconds(server.process.pid) - cpu) / REST * 100


def scale(server, model, deployment, replicas):
    """With a replica or without one."""
    settings = {"min_replica": replicas, "max_replica": 1, "scale_down_delay": 900 if replicas else 0}
    path = f"/v1/models/{model}/environments/production"
    answer = bench.api(server).call("PATCH", path, json={"autoscaling_settings": settings})
    assert answer.status_code in (200, 202), answer.text
    bench.api(server).wait(model, deployment, "ACTIVE" if replicas else "SCALED_TO_ZERO")


def measure(server, model, deployment):
    pid = server.process.pid
    serving = idle(server)
    memory = bench.resident_mib(pid)
    changes(server, model)
    latencies, change = changes(server, model)
    api = bench.api(server)
    begun = time.monotonic()
    listed = len(api.get("/v1/models")["models"])
    whole = time.monotonic() - begun
    begun = time.monotonic()
    assert api.get("/v1/models", params={"limit": 100})["models"]
    page = time.monotonic() - begun
    scale(server, model, deployment, 0)
    resting = idle(server)
    scale(server, model, deployment, 1)
    return listed, {
        "change_cpu": (change * 1000, "ms"),
        "change_p50": (bench.percentile(latencies, 0.5) * 1000, "ms"),
        "change_p99": (bench.percentile(latencies, 0.99) * 1000, "ms"),
        "idle_cpu": (resting, "%"),
        "idle_cpu_with_a_replica": (serving, "%"),
        "memory": (memory, "MiB"),
        "list": (whole, "s"),
        "list_page_of_100": (page, "s"),
    }


with tempfile.TemporaryDirectory(prefix="slipway-bench-") as directory:
    server = Server(pathlib.Path(directory) / "data", on_exit="keep").start()
    model, deployment = bench.api(server).pushed("anchor", truss_files("anchor"))
    scale(server, model, deployment, 1)
    first, filled = {}, 0
    for size in SIZES:
        assert server.stop() == 0
        if size:
            fill(server.data / "slipway.sqlite", model, size, PER_MODEL, begin=filled)
        filled = size
        start = started(server, model)
        listed, figures = measure(server, model, deployment)
        assert listed == 1 + -(-size // PER_MODEL), listed
        figures["start"] = (start, "s")
        for name, (value, unit) in figures.items():
            bench.figure(f"scale_{size}_{name}", value, unit)
            first.setdefault(name, value)
            bench.figure(f"scale_{size}_{name}_ratio", value / max(first[name], 1e-9), "x")
    server.command[server.command.index("keep")] = "stop"
    assert server.stop() == 0
    server.start()
    assert server.stop() == 0
