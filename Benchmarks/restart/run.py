"""A server with a thousand deployments is killed and started again: when it listens, and when it serves.

One model is really pushed and runs in a handful of replicas. The other deployments are copies of its records, made in
the database while no server runs: pushing a thousand would take an hour and change nothing for the restart.
"""

import json
import pathlib
import shutil
import sqlite3
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "common"))

import bench  # noqa: E402
from crash.run import Torture  # noqa: E402
from harness import eventually  # noqa: E402

DEPLOYMENTS = 1000
PER_MODEL = 10
REPLICAS = 4
RUNS = 5


def insert(db, table, row, **changes):
    row = {**row, **changes}
    columns = ", ".join(row)
    db.execute(f"INSERT INTO {table} ({columns}) VALUES ({', '.join('?' * len(row))})", list(row.values()))


def one(db, query, *values):
    return dict(db.execute(query, values).fetchone())


def fill(path, model):
    """Copies the records of a model until there are as many deployments as asked for."""
    db = sqlite3.connect(path)
    db.row_factory = sqlite3.Row
    with db:
        source = one(db, "SELECT * FROM models WHERE id = ?", model)
        deployment = one(db, "SELECT * FROM deployments WHERE model_id = ?", model)
        environment = one(db, "SELECT * FROM environments WHERE model_id = ?", model)
        promotion = one(db, "SELECT * FROM promotions WHERE model_id = ?", model)
        asleep = json.dumps({**json.loads(deployment["autoscaling"]), "minReplica": 0})
        for number in range((DEPLOYMENTS - 1) // PER_MODEL + 1):
            identifier = f"m{number:07d}"
            insert(db, "models", source, id=identifier, name=f"copy-{number}")
            names = [f"d{number:04d}{n:02d}" for n in range(PER_MODEL)]
            for n, name in enumerate(names):
                inactive = n % 2 == 1
                insert(
                    db, "deployments", deployment, id=name, model_id=identifier, name=f"deployment-{n}",
                    status="INACTIVE" if inactive else "SCALED_TO_ZERO",
                    desired="inactive" if inactive else "zero", status_reason=None, autoscaling=asleep,
                )  # fmt: skip
            insert(
                db, "environments", environment, model_id=identifier, current_deployment_id=names[0],
                autoscaling=asleep,
            )  # fmt: skip
            insert(
                db, "promotions", promotion, id=f"p{number:07d}", model_id=identifier, candidate_id=names[0],
                previous_id=None,
            )  # fmt: skip
    db.close()


directory = tempfile.mkdtemp(prefix="slipway-bench-")
run = Torture(directory, 18356, seed=1, owners=0, callers=0)
try:
    run.build()
    settings = {"autoscaling_settings": {"min_replica": REPLICAS, "max_replica": REPLICAS}}
    assert run.calls_for_checks("PATCH", f"/v1/models/{run.anchor}/environments/production", settings)
    path = f"/v1/models/{run.anchor}/deployments/{run.anchor_deployment}"
    eventually(lambda: run.calls_for_checks.get(path)["active_replica_count"] == REPLICAS, seconds=120)
    run.kill()
    fill(run.data / "slipway.sqlite", run.anchor)
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
