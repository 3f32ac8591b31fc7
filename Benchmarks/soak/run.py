"""Everything at once for some minutes, and whether memory, files and processor time of the server grow with time.

Predictions on kept and on new connections, asynchronous requests, management reads, settings that change, and a model
that is pushed, promoted and deleted over and over. SOAK_MINUTES bounds it (default 5). The slope is that of a line
through all readings after the first quarter, in which caches and pools fill up."""

import os
import pathlib
import sys
import threading
import time

import requests

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "common"))

import bench  # noqa: E402
from harness import eventually, truss_files  # noqa: E402

MINUTES = float(os.environ.get("SOAK_MINUTES", "5"))
READING = 2


def slope(readings):
    """Change per hour of a line through (seconds, value), by least squares."""
    count = len(readings)
    mean_x = sum(x for x, _ in readings) / count
    mean_y = sum(y for _, y in readings) / count
    above = sum((x - mean_x) * (y - mean_y) for x, y in readings)
    below = sum((x - mean_x) ** 2 for x, _ in readings)
    return above / below * 3600


class Soak:
    def __init__(self, server):
        self.server, self.api = server, bench.api(server)
        self.end = time.monotonic() + MINUTES * 60
        self.counts, self.failures = {}, []
        self.lock = threading.Lock()

    def repeat(self, what, pause, step):
        """Does `step` until the end, with a pause in between; what it raises is a failure."""
        while time.monotonic() < self.end:
            try:
                step()
            except Exception as error:
                with self.lock:
                    self.failures.append(f"{what}: {error!r}"[:300])
            with self.lock:
                self.counts[what] = self.counts.get(what, 0) + 1
            time.sleep(pause)

    def predict(self, session):
        url = f"http://model-{self.model}.api.localhost:8000/production/predict"
        answer = session.post(url, json={"n": 1}, headers=self.api.session.headers, timeout=60)
        assert answer.status_code == 200, answer.text

    def submit(self):
        url = f"http://model-{self.model}.api.localhost:8000/production/async_predict"
        answer = requests.post(url, json={"model_input": {}}, headers=self.api.session.headers, timeout=60)
        assert answer.status_code == 201, answer.text

    def read(self):
        for path in ("/v1/models", f"/v1/models/{self.model}/deployments", f"/v1/models/{self.model}/environments"):
            self.api.get(path)
        self.api.get(f"/v1/models/{self.model}/deployments/{self.deployment}/logs")
        self.api.get(f"/v1/models/{self.model}/deployments/{self.deployment}/metrics")

    def change(self):
        settings = {"autoscaling_settings": {"max_replica": 1 + int(time.monotonic()) % 3}}
        answer = self.api.call("PATCH", f"/v1/models/{self.model}/environments/production", json=settings)
        assert answer.status_code == 200, answer.text

    def turn_over(self):
        model, first = self.api.pushed("passing", truss_files("passing"))
        _, second = self.api.pushed("passing", truss_files("passing", version=str(time.monotonic())))
        self.api.post(f"/v1/models/{model}/deployments/{second}/promote")
        eventually(lambda: self.api.get(f"/v1/models/{model}")["production_deployment_id"] == second, 60)
        assert self.api.call("DELETE", f"/v1/models/{model}").status_code == 200

    def run(self):
        self.model, self.deployment = self.api.pushed("steady", truss_files("steady"))
        kept = requests.Session()
        work = [
            ("predictions", 0.002, lambda: self.predict(kept)),
            ("predictions on new connections", 0.02, lambda: self.predict(requests)),
            ("asynchronous requests", 0.2, self.submit), ("reads", 0.2, self.read),
            ("changes", 1, self.change), ("models pushed, promoted and deleted", 1, self.turn_over),
        ]  # fmt: skip
        threads = [threading.Thread(target=self.repeat, args=one) for one in work]
        for thread in threads:
            thread.start()
        begun, memory, files = time.monotonic(), [], []
        pid = self.server.process.pid
        while time.monotonic() < self.end:
            moment = time.monotonic() - begun
            memory.append((moment, bench.resident_mib(pid)))
            files.append((moment, len(os.listdir(f"/proc/{pid}/fd"))))
            time.sleep(READING)
        for thread in threads:
            thread.join()
        return memory, files


with bench.server() as server:
    soak = Soak(server)
    memory, files = soak.run()
settled = len(memory) // 4
for what, count in sorted(soak.counts.items()):
    print(f"  {count} {what}")
for failure in soak.failures[:20]:
    print("  failed:", failure)
bench.figure("soak_minutes", MINUTES, "min")
bench.figure("soak_failures", len(soak.failures), "calls")
bench.figure("soak_memory_first", memory[settled][1], "MiB")
bench.figure("soak_memory_last", memory[-1][1], "MiB")
bench.figure("soak_memory_slope", slope(memory[settled:]), "MiB/h")
bench.figure("soak_files_last", files[-1][1], "files")
bench.figure("soak_files_slope", slope(files[settled:]), "files/h")
sys.exit(1 if soak.failures else 0)
