"""Resident memory and processor time of a server nobody calls: fresh, and with one model in production."""

import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "common"))

import bench  # noqa: E402
from harness import truss_files  # noqa: E402

WINDOW = 10


def idle(process):
    time.sleep(3)
    cpu = bench.cpu_seconds(process)
    time.sleep(WINDOW)
    return bench.resident_mib(process), (bench.cpu_seconds(process) - cpu) / WINDOW * 100


with bench.server() as server:
    fresh = idle(server.process.pid)
    bench.api(server).pushed("idle", truss_files("idle"))
    serving = idle(server.process.pid)
bench.figure("idle_memory", fresh[0], "MiB")
bench.figure("idle_cpu", fresh[1], "%")
bench.figure("idle_memory_one_model", serving[0], "MiB")
bench.figure("idle_cpu_one_model", serving[1], "%")
