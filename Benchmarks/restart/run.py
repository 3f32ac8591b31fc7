"""A server with a thousand deployments is killed and started again: when it listens, and when it serves.

One model is really pushed and runs in a handful of replicas. The other deployments are copies of its records, made in
the database while no server runs: pushing a thousand would take an hour and change nothing for the restart.
"""

import pathlib
import shutil
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "common"))

import bench  # noqa: E402
from crash.run import Torture  # noqa: E402
from harness import eventually  # noqa: E402
from seeding import fill  # noqa: E402

DEPLOYMENTS = 1000
PER_MODEL = 10
REPLICAS = 4
RUNS = 5


directory = tempfile.mkdtemp(prefix="slipway-bench-")
run = Torture(directory, 18356, seed=1, owners=0, callers=0)
try:
    run.build()
    settings = {"autoscaling_settings": {"min_replica": REPLICAS, "max_replica": REPLICAS}}
    assert run.calls_for_checks("PATCH", f"/v1/models/{run.anchor}/environments/production", settings)
    path = f"/v1/models/{run.anchor}/deployments/{run.anchor_deployment}"
    eventually(lambda: run.calls_for_checks.get(path)["active_replica_count"] == REPLICAS, seconds=120)
    run.kill()
    fill(run.data / "slipway.sqlite", run.anchor, DEPLOYMENTS, PER_MODEL)
    run.revive()
    for values in run.times.values():
        values.clear()
    for _ in range(RUNS):
        # Work of the start that goes on in the background ends first.
        time.sleep(3)
        before = run.anchor_replicas()
        assert len(before) == REPLICAS, before
        run.kill()
        run.revive()
        assert run.anchor_replicas() == before, "replicas were restarted"
    listed = run.calls_for_checks.get("/v1/models")["models"]
    assert len(listed) * PER_MODEL >= DEPLOYMENTS, len(listed)
    for name in ("listening", "healthz", "prediction", "prediction_after_listening"):
        values = sorted(run.times[name])
        bench.figure(f"restart_1000_{name}", values[len(values) // 2], "s")
        bench.figure(f"restart_1000_{name}_worst", values[-1], "s")
    bench.figure("restart_1000_memory", bench.resident_mib(run.server.process.pid), "MiB")
    run.server.command[run.server.command.index("keep")] = "stop"
    run.kill()
    run.server.start()
    assert run.server.stop() == 0
finally:
    run.clean_up()
    shutil.rmtree(directory, ignore_errors=True)
