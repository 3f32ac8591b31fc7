"""Five promotions under load: no request may fail, and how soon production answers with the new model."""

import asyncio
import json
import sys
import time

from bench import eventually, figure, median, scratch, serving, truss_files
from load import Load

PROMOTIONS = 5
REQUESTS = 20_000


class Watch:
    """When each version first answered on the production URL."""

    def __init__(self):
        self.first = {}

    def saw(self, body):
        version = json.loads(body)["version"]
        self.first.setdefault(version, time.monotonic())


def prepare(api, version):
    """Makes the development deployment run `version`; returns the model's id."""
    model, _ = api.pushed("under-load", truss_files("under-load", version=str(version)), is_development=True)
    return model


def promote(api, model):
    body = {"scale_down_previous_production": True, "preserve_env_instance_type": True}
    called = time.monotonic()
    deployment = api.post(f"/v1/models/{model}/deployments/development/promote", body)["id"]
    eventually(lambda: api.get(f"/v1/models/{model}")["production_deployment_id"] == deployment, seconds=300)
    return called


async def measure(api, model):
    head = (
        f"POST /production/predict HTTP/1.1\r\nHost: model-{model}.api.localhost:8000\r\n"
        f"Authorization: Api-Key {api.key}\r\nContent-Type: application/json\r\n"
    )
    load, watch = Load(8000, head, b'{"n": 1}'), Watch()
    promoting = True
    running = asyncio.create_task(load.run(lambda: promoting or load.sent < REQUESTS, watch.saw))
    called = {}
    try:
        for number in range(1, PROMOTIONS + 1):
            await asyncio.to_thread(prepare, api, number)
            called[str(number)] = await asyncio.to_thread(promote, api, model)
            print(f"promotion {number} done after {load.sent} requests", flush=True)
    finally:
        promoting = False
        await running
    return load, [watch.first[version] - at for version, at in called.items()]


def main():
    with scratch() as directory, serving(directory) as (_, api):
        model = prepare(api, 0)
        promote(api, model)
        load, switches = asyncio.run(measure(api, model))
    for failure in load.failures[:5]:
        print("failed:", failure)
    figure("promotion_requests", load.sent, "requests")
    figure("promotion_failed_requests", len(load.failures), "requests")
    figure("promotion_to_first_answer_median", median(switches), "seconds")
    figure("promotion_to_first_answer_max", max(switches), "seconds")
    sys.exit(1 if load.failures else 0)


main()
