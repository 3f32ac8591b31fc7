"""Five promotions of the development deployment by the founding call, under 20,000 requests to production.

Every answer must be the model's own. Reported too: from the promote call to the first production answer of the
promoted deployment, and the slowest request around the swaps.
"""

import asyncio
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "common"))

import bench  # noqa: E402
import load  # noqa: E402
from harness import eventually, truss_files  # noqa: E402

REQUESTS = 20_000
CONNECTIONS = 16
PROMOTIONS = 5

# Answers which load of which deployment it is.
MODEL = """
import uuid

class Model:
    def load(self):
        self.instance = uuid.uuid4().hex

    def predict(self, model_input):
        return {"instance": self.instance, "echo": model_input["text"]}
"""


async def promote_under_load(api, model, key):
    instances = {}  # when each was first seen
    finished = asyncio.Event()
    fresh = asyncio.Event()
    done = 0

    def seen(outcome):
        nonlocal done
        done += 1
        if outcome.status == 200:
            instance = json.loads(outcome.body)["instance"]
            if instance not in instances:
                instances[instance] = outcome.ended
                fresh.set()

    async def promotions():
        waits = []
        for number in range(PROMOTIONS):
            while done < (number + 0.5) * REQUESTS / (PROMOTIONS + 1):
                await asyncio.sleep(0.01)
            fresh.clear()
            begun = time.monotonic()
            await asyncio.to_thread(
                api.post,
                f"/v1/models/{model}/deployments/development/promote",
                {"scale_down_previous_production": True, "preserve_env_instance_type": True},
            )
            async with asyncio.timeout(120):
                await fresh.wait()
            waits.append(max(instances.values()) - begun)
        finished.set()
        return waits

    message = load.request(
        "POST", f"model-{model}.api.localhost:8000", "/production/predict", key,
        json.dumps({"text": "x" * 180}).encode(),
    )  # fmt: skip
    outcomes, waits = await asyncio.gather(
        load.run(message, REQUESTS, CONNECTIONS, seen=seen), promotions()
    )
    assert len(instances) == PROMOTIONS + 1, instances
    return outcomes, waits


def main():
    with bench.server() as server:
        api = bench.api(server)
        files = truss_files("promotion", model=MODEL)
        model, first = api.pushed("promotion", files)
        eventually(lambda: api.get(f"/v1/models/{model}")["production_deployment_id"] == first)
        api.pushed("promotion", files, is_development=True)
        cpu = bench.cpu_seconds(server.process.pid)
        begun = time.monotonic()
        outcomes, waits = asyncio.run(promote_under_load(api, model, server.key))
        elapsed = time.monotonic() - begun
        cpu = bench.cpu_seconds(server.process.pid) - cpu
    failed = [outcome for outcome in outcomes if outcome.status != 200]
    for outcome in failed[:5]:
        print(outcome)
    seconds = [outcome.seconds for outcome in outcomes]
    bench.figure("promotion_requests", len(outcomes), "requests")
    bench.figure("promotion_failed", len(failed), "requests")
    bench.figure("promotion_promotions", PROMOTIONS, "promotions")
    bench.figure("promotion_to_first_answer_median", bench.percentile(waits, 0.5), "s")
    bench.figure("promotion_to_first_answer_worst", max(waits), "s")
    bench.figure("promotion_requests_per_second", len(outcomes) / elapsed, "req/s")
    bench.figure("promotion_p50", bench.percentile(seconds, 0.5) * 1000, "ms")
    bench.figure("promotion_p99", bench.percentile(seconds, 0.99) * 1000, "ms")
    bench.figure("promotion_slowest", max(seconds) * 1000, "ms")
    bench.figure("promotion_server_cpu_per_request", cpu / len(outcomes) * 1e6, "us")
    return 1 if failed else 0


sys.exit(main())
