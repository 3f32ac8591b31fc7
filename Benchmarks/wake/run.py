"""Requests for sleeping models: how long until the replica's process starts, until the answer, and how much of that
is the platform's share, for one deployment and for a hundred at once.

The share is everything but the model's own start: the time from the request to the answer without the time from the
model program's first line to the moment it listens. What starts before that line (namespaces, shell, interpreter)
is counted for the platform.
"""

import concurrent.futures
import json
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "common"))

import bench  # noqa: E402
from harness import eventually, truss_files  # noqa: E402

WAKES = 10
MANY = 100

# A small server of its own, so that a hundred of them start on two cores; it tells when it began and listened.
SERVER = """
import time
began = time.time()
import socket

listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", {port}))
listener.listen(16)
body = ('{{"own": %f}}' % (time.time() - began)).encode()
head = b"HTTP/1.1 200 OK\\r\\nConnection: close\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body)
while True:
    connection, _ = listener.accept()
    connection.recv(65536)
    connection.sendall(head + body)
    connection.close()
"""
CONFIG = """
model_name: small-{port}
python_version: py311
base_image: {{image: "python:3.11-slim"}}
docker_server:
  start_command: python3 -S -E /app/data/server.py
  server_port: {port}
  predict_endpoint: /
  readiness_endpoint: /
  liveness_endpoint: /
"""


def sleeping(api, model, deployment):
    settings = {"min_replica": 0, "scale_down_delay": 0}
    path = f"/v1/models/{model}/deployments/{deployment}/autoscaling_settings"
    assert api.call("PATCH", path, json=settings).status_code == 200
    return lambda: api.deployment(model, deployment)["status"] == "SCALED_TO_ZERO"


def wake_truss(server, api):
    model, deployment = api.pushed("wake", truss_files("wake"))
    eventually(lambda: api.get(f"/v1/models/{model}")["production_deployment_id"] == deployment)
    sleeps = sleeping(api, model, deployment)
    started, answered = [], []
    for _ in range(WAKES):
        eventually(sleeps)
        eventually(lambda: not list(server.data.rglob("replica.json")))
        sent = time.time()
        assert api.predict(model, json={}).status_code == 200
        answered.append(time.time() - sent)
        (record,) = server.data.rglob("replica.json")
        started.append(json.loads(record.read_text())["startedAt"] / 1e6 - sent)
    eventually(sleeps)
    bench.figure("wake_process_started_median", statistics.median(started) * 1e3, "ms")
    bench.figure("wake_process_started_worst", max(started) * 1e3, "ms")
    bench.figure("wake_first_answer_median", statistics.median(answered) * 1e3, "ms")


def wake_small(server, api):
    def push(number):
        port = 21000 + number
        files = {"config.yaml": CONFIG.format(port=port), "data/server.py": SERVER.format(port=port)}
        return api.pushed(f"small-{port}", files)

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        models = list(pool.map(push, range(MANY)))
    sleeps = [sleeping(api, *pair) for pair in models]

    def share(pair, sent=None):
        sent = sent or time.time()
        answer = api.predict(pair[0], f"deployment/{pair[1]}/predict", json={})
        assert answer.status_code == 200, answer.text
        return time.time() - sent - answer.json()["own"]

    for asleep in sleeps:
        eventually(asleep, seconds=120)
    one = []
    for pair, asleep in list(zip(models, sleeps))[:WAKES]:
        one.append(share(pair))
    for asleep in sleeps:
        eventually(asleep, seconds=120)
    with concurrent.futures.ThreadPoolExecutor(MANY) as pool:
        sent = time.time()
        many = list(pool.map(lambda pair: share(pair, sent), models))
    bench.figure("wake_platform_share_one_median", statistics.median(one) * 1e3, "ms")
    bench.figure("wake_platform_share_one_worst", max(one) * 1e3, "ms")
    bench.figure("wake_platform_share_hundred_median", statistics.median(many) * 1e3, "ms")
    bench.figure("wake_platform_share_hundred_worst", max(many) * 1e3, "ms")


with bench.server() as server:
    api = bench.api(server)
    wake_truss(server, api)
    wake_small(server, api)
