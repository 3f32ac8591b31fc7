"""A request for a sleeping model: how long until its replica's process starts, and until it is answered."""

import json
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "common"))

import bench  # noqa: E402
from harness import eventually, truss_files  # noqa: E402

WAKES = 10

started, answered = [], []
with bench.server() as server:
    api = bench.api(server)
    model, deployment = api.pushed("wake", truss_files("wake"))
    eventually(lambda: api.get(f"/v1/models/{model}")["production_deployment_id"] == deployment)
    settings = {"min_replica": 0, "scale_down_delay": 0}
    path = f"/v1/models/{model}/deployments/{deployment}/autoscaling_settings"
    assert api.call("PATCH", path, json=settings).status_code == 200
    for _ in range(WAKES):
        eventually(lambda: api.deployment(model, deployment)["status"] == "SCALED_TO_ZERO")
        eventually(lambda: not list(server.data.rglob("replica.json")))
        sent = time.time()
        assert api.predict(model, json={}).status_code == 200
        answered.append(time.time() - sent)
        (record,) = server.data.rglob("replica.json")
        started.append(json.loads(record.read_text())["startedAt"] / 1e6 - sent)
bench.figure("wake_process_started_median", statistics.median(started) * 1e3, "ms")
bench.figure("wake_process_started_worst", max(started) * 1e3, "ms")
bench.figure("wake_first_answer_median", statistics.median(answered) * 1e3, "ms")
