"""A new server process takes the place of the running one: nothing is refused, nothing is lost."""

import concurrent.futures
import contextlib
import os
import signal
import subprocess
import threading
import time

import pytest
import requests
from harness import API, Server, eventually, truss_files

PORT = 18010
URL = f"http://localhost:{PORT}"

SLOW = """
import os
import time

class Model:
    def predict(self, model_input):
        time.sleep(model_input.get("seconds", 0))
        return {"replica": os.environ["BT_REPLICA_ID"]}
"""


class Upgradable:
    """A server that is replaced by the next process on its data directory."""

    def __init__(self, data):
        self.server = Server(
            data, port=PORT, inference_port=PORT + 1, on_exit="keep", arguments=["--take-over-limit", "5"]).start()
        self.api = API(self.server.key, URL)
        self.old = []

    def take_over(self):
        """Starts the next process; returns when it serves and the old one knows it."""
        before = self.server
        after = Server(before.data, port=PORT, inference_port=PORT + 1, on_exit="keep", arguments=["--take-over-limit", "5", "--take-over"])
        served = before.log.read_text().count("serves http")
        with open(after.log, "ab") as output:
            after.process = subprocess.Popen(after.command, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
        eventually(lambda: after.log.read_text().count("serves http") > served, 30, 0.01, lambda: after.log.read_text())
        self.old.append(before.process)
        self.server = after
        return before.process

    def predict(self, model, seconds=0, session=requests, port=PORT):
        return session.post(
            f"http://localhost:{port}/model/{model}/production/predict", json={"seconds": seconds}, timeout=120,
            headers={"Authorization": f"Api-Key {self.server.key}"})

    def close(self):
        for process in self.old:
            if process.poll() is None:
                process.kill()
        if self.server.process.poll() is None:
            self.server.stop()
        Server(self.server.data, port=PORT, inference_port=0, on_exit="stop").start().stop()


@pytest.fixture(scope="module")
def site(scratch):
    site = Upgradable(scratch / "upgrade")
    yield site
    site.close()


@pytest.fixture(scope="module")
def model(site):
    model, _ = site.api.pushed("slow", truss_files("slow", model=SLOW, config="runtime:\n  predict_concurrency: 8\n"))
    eventually(lambda: site.predict(model).status_code == 200, 30)
    return model


class Load:
    """Predictions on new and on kept connections, one after the other in some threads, until told to end."""

    def __init__(self, site, model, threads=6):
        self.site, self.model, self.failures, self.count, self.slowest = site, model, [], 0, 0
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(number,), daemon=True) for number in range(threads)]
        for thread in self.threads:
            thread.start()

    def run(self, number):
        kept = requests.Session()
        while not self.over.is_set():
            began = time.monotonic()
            try:
                answer = self.site.predict(
                    self.model, 0.02 * number, kept if number % 2 else requests, PORT + number % 3 % 2)
                if answer.status_code != 200:
                    self.failures.append((answer.status_code, answer.text))
            except requests.RequestException as error:
                self.failures.append(repr(error))
            self.count += 1
            self.slowest = max(self.slowest, time.monotonic() - began)

    def end(self):
        self.over.set()
        for thread in self.threads:
            thread.join()
        return self


def test_no_request_is_lost_while_servers_take_over_from_each_other(site, model):
    load = Load(site, model)
    replica = site.predict(model).json()["replica"]
    for _ in range(3):
        time.sleep(1)
        old = site.take_over()
        old.wait(120)
        assert old.returncode == 0, site.server.log.read_text()[-3000:]
    time.sleep(1)
    load.end()
    print(f"\nfigure upgrade_requests {load.count} requests")
    print(f"figure upgrade_lost {len(load.failures)} requests")
    print(f"figure upgrade_slowest_request {load.slowest * 1000:.0f} ms")
    assert load.failures == [] and load.count > 100
    assert site.predict(model).json()["replica"] == replica, "the replica was restarted"


def test_long_predictions_end_where_they_began(site, model):
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        running = [pool.submit(site.predict, model, 4) for _ in range(4)]
        time.sleep(0.5)
        old = site.take_over()
        assert site.predict(model).status_code == 200, "the new one serves while the old one has work"
        assert old.poll() is None
        assert [one.result().status_code for one in running] == [200] * 4
    assert old.wait(30) == 0


def test_a_server_that_still_finishes_requests_of_the_one_before_hands_over_after_them(site, model):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        first = pool.submit(site.predict, model, 4)
        time.sleep(0.5)
        oldest = site.take_over()
        second = pool.submit(site.predict, model, 1)
        time.sleep(0.3)
        old = site.take_over()
        assert first.done(), "the request of the oldest was left to two others"
        assert [first.result().status_code, second.result().status_code] == [200, 200]
    assert oldest.wait(30) == 0 and old.wait(30) == 0


def test_requests_that_wait_for_a_replica_are_answered_by_what_the_new_server_starts(site, model):
    deployments = site.api.get(f"/v1/models/{model}")
    path = f"/v1/models/{model}/environments/production"
    settings = {"autoscaling_settings": {"min_replica": 0, "scale_down_delay": 0, "autoscaling_window": 10}}
    assert site.api.call("PATCH", path, json=settings).status_code == 200, deployments
    production = deployments["production_deployment_id"]
    site.api.wait(model, production, "SCALED_TO_ZERO", 60)
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(site.predict, model) for _ in range(3)]
        time.sleep(0.05)
        old = site.take_over()
        assert [one.result().status_code for one in waiting] == [200] * 3
    assert old.wait(30) == 0
    settings["autoscaling_settings"] = {"min_replica": 1, "scale_down_delay": 900}
    assert site.api.call("PATCH", path, json=settings).status_code == 200
    site.api.wait(model, production, "ACTIVE")


def test_a_replica_with_a_request_of_the_old_server_is_not_stopped_by_the_new_one(site, model):
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        running = pool.submit(site.predict, model, 8)
        time.sleep(0.5)
        old = site.take_over()
        production = site.api.get(f"/v1/models/{model}")["production_deployment_id"]
        assert site.api.post(f"/v1/models/{model}/deployments/{production}/deactivate") == {"success": True}
        assert running.result().status_code == 200
    assert old.wait(30) == 0
    site.api.wait(model, production, "INACTIVE")
    site.api.post(f"/v1/models/{model}/deployments/{production}/activate")
    site.api.wait(model, production, "ACTIVE")


def test_management_calls_during_a_handover_are_answered_once_by_one_of_both(site, model):
    failures, names, over = [], [], threading.Event()
    host = f"http://model-{model}.api.localhost:{PORT}"
    submitted = site.api.session.post(f"{host}/production/async_predict", json={"model_input": {}}, timeout=30)
    assert submitted.status_code == 201
    # Asynchronous requests are on a model's host, and on a connection that was there before.
    kept = requests.Session()

    def poll():
        answer = kept.get(
            f"{host}/async_request/{submitted.json()['request_id']}", headers=site.api.session.headers, timeout=30)
        if answer.status_code != 200:
            failures.append(("async", answer.status_code, answer.text))

    def write():
        number = 0
        while not over.is_set():
            number += 1
            poll()
            answer = site.api.call("POST", "/v1/secrets", json={"name": f"secret-{number}", "value": "x"})
            (names if answer.status_code == 200 else failures).append((number, answer.status_code, answer.text))

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    time.sleep(0.3)
    old = site.take_over()
    time.sleep(0.5)
    over.set()
    thread.join()
    assert failures == []
    stored = {secret["name"] for secret in site.api.get("/v1/secrets")["secrets"]}
    assert {f"secret-{number}" for number, _, _ in names} <= stored, "an acknowledged write is lost"
    site.api.session.close()
    assert old.wait(120) == 0


def test_the_old_server_goes_on_when_the_new_one_ends_before_it_serves(site, model):
    load = Load(site, model, threads=3)
    pool = concurrent.futures.ThreadPoolExecutor(1)
    long = pool.submit(site.predict, model, 3)
    time.sleep(0.5)
    # A catalogue that cannot be read ends it after it was given everything.
    broken = subprocess.run(
        [*site.server.command[:-1 if site.server.command[-1] == "--take-over" else None], "--take-over",
         "--instance-types", "/nonexistent.yaml"], capture_output=True, text=True, timeout=60)
    assert broken.returncode != 0
    time.sleep(1)
    assert site.api.get("/v1/models")["models"]
    assert long.result().status_code == 200
    load.end()
    assert load.failures == []
    assert site.server.process.poll() is None
    assert "goes on" in site.server.log.read_text()
    # And the next one is given the place.
    site.api.session.close()
    old = site.take_over()
    assert old.wait(120) == 0
    assert site.predict(model).status_code == 200


def test_the_old_server_goes_on_when_the_new_one_hangs(site, model):
    """It is stopped in the middle of its start, once it has been given everything; the old one ends it."""
    load = Load(site, model, threads=3)
    command = [part for part in site.server.command if part != "--take-over"]
    hanging = subprocess.Popen([*command, "--take-over"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def sockets():
        count = 0
        for file in os.listdir(f"/proc/{hanging.pid}/fd"):
            with contextlib.suppress(FileNotFoundError):
                count += os.readlink(f"/proc/{hanging.pid}/fd/{file}").startswith("socket:")
        return count

    # The one it asked through, and those it was given.
    eventually(lambda: sockets() >= 3, 20, 0)
    hanging.send_signal(signal.SIGSTOP)
    assert hanging.wait(60) == -signal.SIGKILL
    eventually(lambda: site.predict(model).status_code == 200, 20)
    load.end()
    assert load.failures == []
    assert site.server.process.poll() is None


def test_without_the_flag_a_second_server_is_refused_and_told_how(site):
    command = [word for word in site.server.command if word != "--take-over"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode != 0 and "--take-over" in done.stderr
    assert site.predict("nothing").status_code == 404


def test_with_the_flag_and_nobody_there_it_just_starts(site, model):
    os.kill(site.server.process.pid, signal.SIGKILL)
    site.server.process.wait()
    if "--take-over" not in site.server.command:
        site.server.command.append("--take-over")
    site.server.start()
    eventually(lambda: site.predict(model).status_code == 200, 30)
