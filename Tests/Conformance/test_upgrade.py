"""A new server process takes the place of the running one: nothing is refused, nothing is lost."""

import concurrent.futures
import contextlib
import http.client
import os
import select
import signal
import socket
import subprocess
import threading
import time
import urllib.parse

import pytest
import requests
from harness import API, TOOLS, Server, eventually, tar, truss_files

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
        self.server = self.process_on(data).start()
        self.api = API(self.server.key, URL)
        self.old = []

    def process_on(self, data, *arguments):
        return Server(
            data, port=PORT, inference_port=PORT + 1, on_exit="keep",
            arguments=[*TOOLS, "--take-over-limit", "5", *arguments],
        )  # fmt: skip

    def take_over(self):
        """Starts the next process; returns when it serves and the old one knows it."""
        before = self.server
        after = self.process_on(before.data, "--take-over")
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
    """It is stopped in the middle of its start, with the database open; the old one ends it."""
    load = Load(site, model, threads=3)
    command = [part for part in site.server.command if part != "--take-over"]
    hanging = subprocess.Popen([*command, "--take-over"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def has_database():
        for file in os.listdir(f"/proc/{hanging.pid}/fd"):
            with contextlib.suppress(FileNotFoundError):
                if ".sqlite" in os.readlink(f"/proc/{hanging.pid}/fd/{file}"):
                    return True
        return False

    goes_on = site.server.log.read_text().count("goes on")
    try:
        eventually(has_database, 20, 0)
        hanging.send_signal(signal.SIGSTOP)
        assert hanging.wait(60) == -signal.SIGKILL
    finally:
        hanging.kill()
    eventually(lambda: site.predict(model).status_code == 200, 20)
    load.end()
    assert load.failures == []
    assert site.server.process.poll() is None
    assert site.server.log.read_text().count("goes on") == goes_on + 1


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


PIECES = """
import time

class Model:
    def predict(self, model_input):
        def pieces():
            for number in range(model_input["pieces"]):
                yield f"piece {number};"
                time.sleep(model_input["pause"])
        return pieces()
"""


@pytest.fixture(scope="module")
def pieces(site):
    model, _ = site.api.pushed("pieces", truss_files("pieces", model=PIECES, config="runtime:\n  predict_concurrency: 4\n"))
    eventually(lambda: site.api.get(f"/v1/models/{model}")["production_deployment_id"], 30)
    return model


def test_an_answer_that_is_being_streamed_arrives_whole(site, pieces):
    def stream(port):
        answer = requests.post(
            f"http://localhost:{port}/model/{pieces}/production/predict", json={"pieces": 30, "pause": 0.15},
            headers={"Authorization": f"Api-Key {site.server.key}"}, stream=True, timeout=60)
        arriving = answer.iter_content(None)
        text = next(arriving)
        began.release()
        for piece in arriving:
            text += piece
        return answer.status_code, text.decode(), time.monotonic()

    began = threading.Semaphore(0)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        running = [pool.submit(stream, PORT + number % 2) for number in range(4)]
        for _ in running:
            assert began.acquire(timeout=30)
        old = site.take_over()
        taken = time.monotonic()
        results = [one.result() for one in running]
    whole = "".join(f"piece {number};" for number in range(30))
    assert [(status, text == whole) for status, text, _ in results] == [(200, True)] * 4
    assert min(ended for _, _, ended in results) > taken, "they had ended before the new server served"
    site.api.session.close()
    assert old.wait(60) == 0


class SlowUpload(threading.Thread):
    """An archive that is put to its presigned URL over a raw socket, a piece at a time."""

    def __init__(self, site, archive, seconds, pieces=40):
        super().__init__(daemon=True)
        self.grant = site.api.post("/v1/prepare_model_upload", {"name": "u", "deployment": {"config": {"model_name": "u"}}})
        self.archive, self.seconds, self.pieces = archive, seconds, pieces
        self.began = threading.Event()
        # The status and body of the answer, or the error.
        self.came = None

    def run(self):
        url = urllib.parse.urlsplit(self.grant["upload_url"])
        head = f"PUT {url.path}?{url.query} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Length: {len(self.archive)}\r\n\r\n"
        size = -(-len(self.archive) // self.pieces)
        try:
            with socket.create_connection(("127.0.0.1", url.port), timeout=60) as connection:
                connection.sendall(head.encode())
                for start in range(0, len(self.archive), size):
                    connection.sendall(self.archive[start:start + size])
                    if start > size:
                        self.began.set()
                    # An answer before the end says that the rest is not wanted.
                    if select.select([connection], [], [], self.seconds / self.pieces)[0]:
                        break
                answer = http.client.HTTPResponse(connection, method="PUT")
                answer.begin()
                self.came = answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.came = None, repr(error)


def push(site, name, archive):
    deployment = {"config": {"model_name": name}}
    made = site.api.post(
        "/v1/models", {"source": {"kind": "model_archive", "name": name, "deployment": deployment, "s3_key": archive}})
    site.api.wait(made["model"]["id"], made["deployment"]["id"], "ACTIVE")


def test_an_upload_that_is_under_way_ends_well_and_can_be_pushed(site):
    files = truss_files("uploaded", model=SLOW)
    files["data/noise"] = os.urandom(2 << 20)
    upload = SlowUpload(site, tar(files), 2)
    upload.start()
    assert upload.began.wait(30)
    old = site.take_over()
    upload.join(60)
    assert upload.came[0] == 200, upload.came
    push(site, "uploaded", upload.grant["s3_key"])
    site.api.session.close()
    assert old.wait(60) == 0


class KeptConnection(threading.Thread):
    """One request after another on a raw connection: another is opened only after an answer that said so."""

    def __init__(self, site, port, method, path, body, idle=None):
        super().__init__(daemon=True)
        self.site, self.port, self.call, self.idle = site, port, (method, path, body), idle
        self.headers = {
            "Authorization": f"Api-Key {site.server.key}", "Content-Type": "application/json",
            "Host": f"api.localhost:{port}" if path.startswith("/v1") else f"localhost:{port}"}
        self.taken, self.over = threading.Event(), threading.Event()
        # How many answers came on each connection.
        self.answers, self.failures = [], []
        self.start()

    def run(self):
        connection = None
        while not self.over.is_set():
            try:
                connection = connection or self.open()
                connection.request(*self.call, self.headers)
                answer = connection.getresponse()
                text = answer.read()
            except (OSError, http.client.HTTPException) as error:
                return self.failures.append((self.call, self.idle, self.answers, repr(error)))
            if answer.status != 200:
                self.failures.append((self.call, self.idle, self.answers, answer.status, text))
            self.answers[-1] += 1
            if answer.will_close:
                connection = None
            time.sleep(0.01)
            if self.idle is not None:
                self.taken.wait(30)
                time.sleep(self.idle)
        if connection:
            connection.close()

    def open(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.connect()
        # Where it was closed without a word, the next request fails.
        connection.auto_open = 0
        self.answers.append(0)
        return connection


def test_a_kept_connection_is_closed_only_after_an_answer_that_said_so(site, model):
    predict = ("POST", f"/model/{model}/production/predict")
    manage = ("GET", "/v1/models", None)
    busy = [
        *(KeptConnection(site, PORT + n % 2, *predict, body) for n in range(4) for body in ('{"seconds": 0.03}', "{}")),
        *(KeptConnection(site, PORT, *manage) for _ in range(3))]
    # These say nothing until the new server serves.
    quiet = [
        KeptConnection(site, PORT, *call, idle=idle) for idle in (0.2, 1.5, 3) for call in ((*predict, "{}"), manage)]
    kept = busy + quiet
    eventually(lambda: all(sum(one.answers) for one in kept), 30)
    time.sleep(0.5)
    old = site.take_over()
    for one in kept:
        one.taken.set()
    time.sleep(4)
    for one in kept:
        one.over.set()
    for one in kept:
        one.join(60)
    print(f"\nfigure upgrade_kept_connections {len(kept)} connections")
    print(f"figure upgrade_kept_connections_told_to_close {sum(len(one.answers) > 1 for one in kept)} connections")
    assert [failure for one in kept for failure in one.failures] == []
    assert all(one.answers[0] >= 2 for one in quiet), "the old server took no more on the connections it had"
    site.api.session.close()
    assert old.wait(60) == 0


def test_an_upload_that_takes_too_long_holds_up_nobody_and_can_be_made_again(site, model):
    files = truss_files("late", model=SLOW)
    files["data/noise"] = os.urandom(2 << 20)
    upload = SlowUpload(site, tar(files), 20)
    upload.start()
    assert upload.began.wait(30)
    load = Load(site, model, threads=4)
    began = time.monotonic()
    old = site.take_over()
    taken = time.monotonic()
    upload.join(60)
    load.end()
    print(f"\nfigure upgrade_takeover_with_slow_upload {taken - began:.1f} s")
    assert load.failures == []
    # Left alone it would have gone on for twenty seconds.
    assert upload.came[0] == 502, upload.came
    again = requests.put(upload.grant["upload_url"], data=upload.archive, timeout=60)
    assert again.status_code == 200, again.text
    push(site, "late", upload.grant["s3_key"])
    site.api.session.close()
    assert old.wait(60) == 0
