"""A hundred promotions of the development deployment by the founding call, under 1,000 requests a second to
production.

Every answer must be the model's own, and every request must have run once: each load of the model counts what it
runs, and the counts must add up to the answers. Reported too: from the promote call to the first production answer
of the promoted deployment, how long old and new answered side by side, and latencies.
"""

import asyncio
import json
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "common"))

import bench  # noqa: E402
import load  # noqa: E402
from harness import eventually, truss_files  # noqa: E402

RATE = 1000
CONNECTIONS = 64
PROMOTIONS = int(os.environ.get("BENCH_PROMOTIONS", "100"))

# Answers which load of which deployment it is, and how many predictions that load has run.
MODEL = """
import uuid

class Model:
    def load(self):
        self.instance = uuid.uuid4().hex
        self.count = 0

    def predict(self, model_input):
        self.count += 1
        return {"instance": self.instance, "count": self.count, "echo": model_input["text"]}
"""


class Seen:
    """What the answers tell about each load of the model."""

    def __init__(self):
        self.first, self.last, self.count, self.answers = {}, {}, {}, {}
        self.fresh = asyncio.Event()

    def __call__(self, outcome):
        if outcome.status != 200:
            return
        answer = json.loads(outcome.body)
        instance = answer["instance"]
        if instance not in self.first:
            self.first[instance] = outcome.ended
            self.fresh.set()
        self.last[instance] = outcome.ended
        self.count[instance] = max(self.count.get(instance, 0), answer["count"])
        self.answers[instance] = self.answers.get(instance, 0) + 1


async def promote_under_load(api, model, key):
    seen = Seen()
    message = load.request(
        "POST", f"model-{model}.api.localhost:8000", "/production/predict", key,
        json.dumps({"text": "x" * 180}).encode(),
    )  # fmt: skip
    stop = asyncio.Event()
    requests = asyncio.create_task(load.paced(message, RATE, CONNECTIONS, stop, seen=seen))
    waits = []
    await asyncio.sleep(2)
    for _ in range(PROMOTIONS):
        seen.fresh.clear()
        begun = time.monotonic()
        await asyncio.to_thread(
            api.post,
            f"/v1/models/{model}/deployments/development/promote",
            {"scale_down_previous_production": True, "preserve_env_instance_type": True},
        )
        async with asyncio.timeout(120):
            await seen.fresh.wait()
        waits.append(max(seen.first.values()) - begun)
    await asyncio.sleep(1)
    stop.set()
    return await requests, waits, seen


def main():
    with bench.server() as server:
        api = bench.api(server)
        files = truss_files("promotion", model=MODEL)
        model, first = api.pushed("promotion", files)
        eventually(lambda: api.get(f"/v1/models/{model}")["production_deployment_id"] == first)
        api.pushed("promotion", files, is_development=True)
        cpu = bench.cpu_seconds(server.process.pid)
        begun = time.monotonic()
        outcomes, waits, seen = asyncio.run(promote_under_load(api, model, server.key))
        elapsed = time.monotonic() - begun
        cpu = bench.cpu_seconds(server.process.pid) - cpu
    failed = [outcome for outcome in outcomes if outcome.status != 200]
    for outcome in failed[:5]:
        print(outcome)
    # Runs beyond the answers would be requests that ran twice.
    duplicated = sum(seen.count.values()) - sum(seen.answers.values())
    order = sorted(seen.first, key=seen.first.get)
    # From the last answer of the old one to the first of the new one; below zero where both answer for a while.
    swaps = [seen.first[new] - seen.last[old] for old, new in zip(order, order[1:])]
    seconds = [outcome.seconds for outcome in outcomes]
    bench.figure("promotion_requests", len(outcomes), "requests")
    bench.figure("promotion_failed", len(failed), "requests")
    bench.figure("promotion_duplicated", duplicated, "requests")
    bench.figure("promotion_promotions", len(order) - 1, "promotions")
    bench.figure("promotion_to_first_answer_median", bench.percentile(waits, 0.5), "s")
    bench.figure("promotion_to_first_answer_worst", max(waits), "s")
    bench.figure("promotion_swap_median", bench.percentile(swaps, 0.5) * 1000, "ms")
    bench.figure("promotion_swap_worst", max(swaps) * 1000, "ms")
    bench.figure("promotion_requests_per_second", len(outcomes) / elapsed, "req/s")
    bench.figure("promotion_p50", bench.percentile(seconds, 0.5) * 1000, "ms")
    bench.figure("promotion_p99", bench.percentile(seconds, 0.99) * 1000, "ms")
    bench.figure("promotion_slowest", max(seconds) * 1000, "ms")
    bench.figure("promotion_server_cpu_per_request", cpu / len(outcomes) * 1e6, "us")
    return 1 if failed or duplicated or len(order) - 1 != PROMOTIONS else 0


sys.exit(main())
