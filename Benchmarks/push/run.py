"""From `truss push` of Examples/hello to ACTIVE: cold, again unchanged in its requirements, and what of it is ours.

Cold: the tools and the Python environment of the replica are made (downloads included). The parts come from the
times in the deployment's log; the client's share is what passes before the deployment exists, the model's is
what its own server needs from start to readiness, measured by starting the built image by hand in the same run.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "common"))

import bench  # noqa: E402
from harness import ROOT, eventually  # noqa: E402

WARM = 5
PORT = 8790


def entries(api, model, deployment):
    return api.get(
        f"/v1/models/{model}/deployments/{deployment}/logs", params={"direction": "asc", "limit": 1000}
    )["logs"]


def push(api, truss, directory):
    begun = time.time()
    truss.run("push", directory, "--remote", "slipway", "--non-interactive", "--wait", timeout=600)
    ended = time.time()
    name = re.search(r"model_name: *(\S+)", (directory / "config.yaml").read_text()).group(1)
    model = next(m for m in api.get("/v1/models")["models"] if m["name"] == name)
    deployments = api.get(f"/v1/models/{model['id']}/deployments")["deployments"]
    latest = max(deployments, key=lambda d: d["created_at"])
    lines = [(int(e["timestamp"]) / 1e9, e["message"]) for e in entries(api, model["id"], latest["id"])]
    at = lambda words: next(t for t, message in lines if words in message)  # noqa: E731
    build_begun, deploying, active = lines[0][0], at("Deployment is DEPLOYING"), at("Deployment is ACTIVE")
    loading = at("Deployment is LOADING_MODEL")
    return {
        "total": active - begun, "wait": ended - begun, "client": build_begun - begun, "build": deploying - build_begun,
        "start": active - deploying, "until_loading": loading - deploying,
    }  # fmt: skip


def start_by_hand(data):
    """Seconds from spawn to readiness of the built model server without Slipway."""
    newest = max((data / "engine" / "images").glob("*/image.json"), key=lambda path: path.stat().st_mtime)
    image = json.loads(newest.read_text())
    tree = newest.parent / "tree"
    environment = {
        **image["environment"], "PATH": os.environ["PATH"], "HOME": str(data.parent), "APP_HOME": str(tree / "app"),
        "PYTHONPATH": str(tree / "packages"), "INFERENCE_SERVER_PORT": str(PORT),
    }  # fmt: skip
    begun = time.monotonic()
    with tempfile.TemporaryFile() as output:
        server = subprocess.Popen(
            [image["command"][0], str(tree / "app" / "main.py")], cwd=tree / "app", env=environment,
            stdout=output, stderr=output,
        )  # fmt: skip
        try:
            while True:
                assert server.poll() is None, f"the model server ended with {server.returncode}"
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/v1/models/model", timeout=1):
                        return time.monotonic() - begun
                except OSError:
                    time.sleep(0.005)
        finally:
            server.terminate()
            server.wait()


def main():
    with bench.server() as server:
        api, truss = bench.api(server), bench.client(server)
        directory = server.data.parent / "hello"
        shutil.copytree(ROOT / "Examples" / "hello", directory)
        cold = push(api, truss, directory)
        warm = []
        for number in range(WARM):
            model = directory / "model" / "model.py"
            model.write_text(model.read_text() + f"\n# change {number}\n")
            warm.append(push(api, truss, directory))
        model_start = bench.percentile([start_by_hand(server.data) for _ in range(WARM)], 0.5)
    for name, parts in [("cold", cold), *[("cached", w) for w in warm]]:
        print(name, ", ".join(f"{k} {v:.2f} s" for k, v in parts.items()))
    middle = lambda part: bench.percentile([w[part] for w in warm], 0.5)  # noqa: E731
    bench.figure("push_to_active_cold", cold["total"], "s")
    bench.figure("push_to_active_cached", middle("total"), "s")
    bench.figure("push_client_cached", middle("client"), "s")
    bench.figure("push_build_cached", middle("build"), "s")
    bench.figure("push_start_cached", middle("start"), "s")
    bench.figure("push_start_by_hand", model_start, "s")
    ours = middle("total") - middle("client") - model_start
    bench.figure("push_ours_cached", ours, "s")
    bench.figure("push_ours_share_cached", ours / middle("total") * 100, "%")


main()
