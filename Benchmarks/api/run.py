"""Requests per second of GET /v1/models/{id}, beside a FastAPI server that answers the same document.

Both run alone on one core, the load (wrk) on the other; the runs alternate.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "common"))

import bench  # noqa: E402
from harness import eventually, truss_files  # noqa: E402

PEER_PORT = 8765
ROUNDS = 5
SECONDS = 4


def pin(process, core):
    for task in os.listdir(f"/proc/{process}/task"):
        os.sched_setaffinity(int(task), {core})


def wrk(port, host, path, key):
    output = subprocess.run(
        ["taskset", "-c", "1", "wrk", "-t1", "-c32", f"-d{SECONDS}s", "-H", f"Host: {host}", "-H",
         f"Authorization: Api-Key {key}", f"http://127.0.0.1:{port}{path}"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    if "Non-2xx" in output or "Socket errors" in output:
        raise RuntimeError(output)
    return float(re.search(r"Requests/sec:\s+([\d.]+)", output).group(1))


def main():
    if not shutil.which("wrk"):
        subprocess.run(["apt-get", "install", "-y", "-qq", "wrk"], check=True, stdout=subprocess.DEVNULL)
    with bench.server() as server:
        api = bench.api(server)
        model, _ = api.pushed("api", truss_files("api"))
        path = f"/v1/models/{model}"
        document = api.get(path)
        api.post(f"{path}/deployments/production/deactivate")
        peer = subprocess.Popen(
            ["taskset", "-c", "0", os.environ["BENCH_PYTHON"], "-m", "uvicorn", "peer:app", "--port",
             str(PEER_PORT), "--log-level", "warning", "--no-access-log"],
            cwd=pathlib.Path(__file__).parent,
            env={**os.environ, "PEER_DOCUMENT": json.dumps(document), "PEER_KEY": server.key},
        )  # fmt: skip
        try:
            pin(server.process.pid, 0)
            ours = lambda: wrk(8000, "api.localhost:8000", path, server.key)  # noqa: E731
            theirs = lambda: wrk(PEER_PORT, "localhost", path, server.key)  # noqa: E731
            eventually(lambda: try_(theirs), 20)
            ours()
            pairs = [(ours(), theirs()) for _ in range(ROUNDS)]
        finally:
            peer.terminate()
            peer.wait()
        memory = bench.resident_mib(server.process.pid)
    for mine, other in pairs:
        print(f"slipway {mine:.0f} req/s, FastAPI {other:.0f} req/s")
    bench.figure("api_requests_per_second", bench.percentile([mine for mine, _ in pairs], 0.5), "req/s")
    bench.figure("api_ratio_to_fastapi", bench.percentile([mine / other for mine, other in pairs], 0.5), "x")
    bench.figure("api_memory_after_load", memory, "MiB")


def try_(call):
    try:
        return call()
    except (RuntimeError, subprocess.CalledProcessError):
        return None


main()
