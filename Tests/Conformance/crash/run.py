"""Rounds of work, death and comparison."""

import os
import pathlib
import random
import signal
import socket
import sqlite3
import subprocess
import threading
import time

from harness import API, ROOT, Server, eventually, truss_files

from . import leftovers
from .callers import Caller
from .calls import Calls
from .ledger import Violation
from .owner import MODEL, Owner
from .receiver import Receiver

# A model that answered before serves again within this time of the new process listening; the aim is a second, and
# the figures tell what it took.
SERVES_WITHIN = 5
REST_WITHIN = 180
# Connections kept for their next use, and readers of the database, come and go.
OPEN_FILES_SLACK = 16


class Torture:
    def __init__(self, directory, port, seed, owners=3, callers=2, environment=None):
        self.seed = seed
        self.random = random.Random(seed)
        self.data = pathlib.Path(directory) / "data"
        self.port = port
        self.base = f"http://localhost:{port}"
        # Tools that are there already: only the first start of a machine makes them.
        self.server = Server(
            self.data, port=port, inference_port=0, on_exit="keep", environment=environment,
            arguments=("--tools-dir", str(ROOT / ".venv"), "--rate-limits", "off", "--log-level", "warning"),
        )  # fmt: skip
        self.journal = open(pathlib.Path(directory) / "journal", "w", buffering=1)
        self.pids = []
        self.receiver = Receiver()
        self.owner_count, self.caller_count = owners, callers
        self.kills = 0
        # From the moment before each kill to the moment the next server listened.
        self.outages = []
        self.died = None
        self.seen_replicas = set()
        # Seconds from start and from listening until an adopted replica answers, and until the API does.
        self.times = {"listening": [], "prediction": [], "prediction_after_listening": [], "healthz": []}

    def say(self, text):
        self.journal.write(f"{time.monotonic():.3f} {text}\n")

    # The server

    def launch(self):
        output = open(self.server.log, "ab")
        self.server.process = subprocess.Popen(
            self.server.command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, env=self.server.environment
        )
        output.close()
        self.pids.append(self.server.process.pid)
        return time.monotonic()

    def kill(self):
        self.kills += 1
        self.died = self.died or time.monotonic()
        self.server.process.send_signal(signal.SIGKILL)
        self.server.process.wait()
        self.say("killed")

    def dies(self, patience=30):
        """Waits for a fault to kill the server."""
        self.died = self.died or time.monotonic()
        self.server.process.wait(timeout=patience)
        assert self.server.process.returncode == -signal.SIGKILL, self.tail()
        self.kills += 1
        self.say("died")

    def tail(self):
        return self.server.log.read_text(errors="replace")[-3000:]

    def revive(self):
        """Starts the server again and measures until it serves; the model kept for that must answer at once."""
        begun = self.launch()
        while not self.accepts():
            assert self.server.process.poll() is None, self.tail()
            assert time.monotonic() - begun < 60, "the server does not listen\n" + self.tail()
            time.sleep(0.002)
        listening = time.monotonic()
        healthy = []
        asking = threading.Thread(target=lambda: healthy.append(self.until_healthy()), daemon=True)
        asking.start()
        answer = self.probe(f"/model/{self.anchor}/production/predict", "POST", '{"name": "probe"}')
        answered = time.monotonic()
        if b'"name":"probe"' not in answer.replace(b" ", b"") or b" 200 " not in answer:
            time.sleep(0.5)
            raise Violation(
                f"the first prediction after a restart: {answer[:300]!r}; the server: {self.server.process.poll()}\n"
                + self.tail()
            )
        asking.join(timeout=60)
        self.times["listening"].append(listening - begun)
        self.times["prediction"].append(answered - begun)
        self.times["prediction_after_listening"].append(answered - listening)
        self.times["healthz"].append(healthy[0] - begun)
        if answered - listening > SERVES_WITHIN:
            raise Violation(f"a replica that ran all the time answered {answered - listening:.1f} s after the start")
        self.outages.append((self.died, listening))
        self.died = None
        self.say(f"serves after {answered - begun:.3f} s")

    def accepts(self):
        """Whether this very server listens; what it started may keep the socket of a killed one for a moment."""
        return leftovers.listens(self.server.process.pid, self.port)

    def probe(self, path, method, body=""):
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Api-Key {self.key}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
                connection.sendall((head + body).encode())
                answer = b""
                while piece := connection.recv(65536):
                    answer += piece
                return answer
        except OSError as error:
            return str(error).encode()

    def until_healthy(self):
        while b" 200 " not in self.probe("/healthz", "GET")[:20]:
            time.sleep(0.002)
        return time.monotonic()

    # The world

    def build(self):
        """A server, and a model that is left alone: whatever happens around it, it has to answer."""
        self.server.start()
        self.key = self.server.key
        self.api = API(self.key, self.base)
        files = truss_files("anchor", MODEL, version="anchor", config="runtime:\n  predict_concurrency: 4\n")
        self.anchor, deployment = self.api.pushed("anchor", files)
        self.anchor_deployment = deployment
        eventually(lambda: self.api.get(f"/v1/models/{self.anchor}")["production_deployment_id"] == deployment)
        self.calls_for_checks = Calls(self.base, self.key, lambda text: None)
        self.owners = [
            Owner(n, self.seed, self.base, self.key, self.receiver.url, self.say) for n in range(self.owner_count)
        ]
        self.pids.append(self.server.process.pid)
        self.callers = [Caller(self.port, self.anchor, self.key, n) for n in range(self.caller_count)]
        for caller in self.callers:
            caller.start()

    def anchor_replicas(self):
        found = leftovers.replicas(self.data)
        self.seen_replicas |= set(found)
        return {i: (pid, start) for i, (pid, start, d) in found.items() if d == self.anchor_deployment}

    def work(self, seconds):
        """Lets the owners work; they stop once the server is dead."""
        self.stop_working = threading.Event()
        errors = []

        def run(owner):
            try:
                while not self.stop_working.is_set():
                    owner.step()
                    time.sleep(owner.random.random() * 0.05)
            except BaseException as error:  # noqa: B902 - told by the main thread
                errors.append(error)

        threads = [threading.Thread(target=run, args=(owner,), daemon=True) for owner in self.owners]
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        return threads, errors

    def round(self, seconds):
        before = self.anchor_replicas()
        threads, errors = self.work(seconds)
        self.stop_working.set()
        self.kill()
        for thread in threads:
            thread.join(timeout=120)
            assert not thread.is_alive(), "an owner hangs"
        if errors:
            raise errors[0]
        if self.random.random() < 0.2:
            self.die_young()
        self.revive()
        self.compare(before)

    def die_young(self):
        """Kills a server that has hardly begun."""
        self.launch()
        time.sleep(self.random.random() * 0.4)
        self.kill()

    # What has to be true

    def compare(self, anchors):
        after = self.anchor_replicas()
        if after != anchors:
            raise Violation(f"replicas of the model left alone: {anchors} became {after}")
        self.calls_for_checks.fresh()
        self.api = API(self.key, self.base)
        for owner in self.owners:
            owner.call.fresh()
        models = {m["name"]: m for m in self.calls_for_checks.get("/v1/models")["models"]}
        secrets = {s["name"] for s in self.calls_for_checks.get("/v1/secrets")["secrets"]}
        for owner in self.owners:
            owner.settle(models, secrets)
        self.check_processes()
        self.check_database()

    def check_processes(self):
        """Every replica process is one that a record names."""
        deadline = time.monotonic() + 5
        while strays := leftovers.strays(self.data, self.server.process.pid):
            if time.monotonic() > deadline:
                raise Violation(f"processes that no record names: {strays}")
            time.sleep(0.1)

    def check_database(self):
        with sqlite3.connect(f"file:{self.data}/slipway.sqlite?mode=ro", uri=True, timeout=10) as db:
            problems = db.execute("PRAGMA quick_check").fetchall()
            broken = db.execute("PRAGMA foreign_key_check").fetchall()
        if problems != [("ok",)] or broken:
            raise Violation(f"the database: {problems} {broken}")

    def come_to_rest(self):
        for owner in self.owners:
            if owner.model:
                owner.wake_production()
        deadline = time.monotonic() + REST_WITHIN
        while True:
            unrest = next(filter(None, (owner.unrest() for owner in self.owners)), None)
            if unrest is None:
                break
            if time.monotonic() > deadline:
                raise Violation(f"no rest after {REST_WITHIN} s: {unrest}")
            time.sleep(0.2)
        self.anchor_replicas()
        for owner in self.owners:
            for identifier in owner.hooked & set(owner.ended):
                delivered = self.receiver.deliveries[identifier]
                if owner.ended[identifier] in ("SUCCEEDED", "FAILED") and identifier in owner.asked and not delivered:
                    raise Violation(f"the result of {identifier} was never delivered")
                if delivered > 1 + self.kills:
                    raise Violation(f"the result of {identifier} was delivered {delivered} times")

    def finish(self):
        """Deletes everything, stops the server, and looks at what is left. Returns the figures."""
        opened = leftovers.open_files(self.server.process.pid)
        threads, errors = self.work(2)
        self.stop_working.set()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]
        self.come_to_rest()
        figures = self.tell_calls()
        for owner in self.owners:
            if owner.model:
                assert owner.call("DELETE", f"/v1/models/{owner.model}"), "a model cannot be deleted"
        eventually(
            lambda: set(self.anchor_replicas()) == set(leftovers.replicas(self.data)), what="replicas of deleted models"
        )
        time.sleep(1)
        left_open = leftovers.open_files(self.server.process.pid)
        assert left_open <= opened + OPEN_FILES_SLACK, f"{opened} open files became {left_open}"
        assert self.calls_for_checks("DELETE", f"/v1/models/{self.anchor}")
        self.nothing_stays()
        assert self.server.stop() == 0, self.tail()
        self.uploads_age()
        self.receiver.close()
        left = leftovers.processes(self.data)
        assert not left, f"processes are left: {left}"
        assert not leftovers.files(self.data), f"files are left: {leftovers.files(self.data)}"
        assert not leftovers.groups(self.seen_replicas), leftovers.groups(self.seen_replicas)
        assert not leftovers.sockets(self.data, self.pids), leftovers.sockets(self.data, self.pids)
        figures = {
            "crash_kills": (self.kills, "kills"), "crash_writes_verified": (self.verified, "writes"),
            "crash_cancels_verified": (sum(o.ledger.verified["cancel"] for o in self.owners), "promotions"), **figures,
            "crash_open_files_before": (opened, "files"), "crash_open_files_after": (left_open, "files"),
        }  # fmt: skip
        for name, values in self.times.items():
            values = sorted(values)
            figures[f"crash_{name}_median"] = (round(values[len(values) // 2], 3), "s")
            figures[f"crash_{name}_worst"] = (round(values[-1], 3), "s")
        return figures

    @property
    def verified(self):
        """Acknowledged writes that were found as acknowledged after a kill."""
        return sum(owner.ledger.verified.total() for owner in self.owners)

    def nothing_stays(self):
        def left():
            # The server that runs has a socket and a planner.
            aside = ("/blobs/", "/data/run/", "/engine/processes/")
            return [f for f in leftovers.files(self.data) if not any(part in f for part in aside)]

        eventually(lambda: not leftovers.replicas(self.data), what="replicas of the last model")
        deadline = time.monotonic() + 30
        while left() and time.monotonic() < deadline:
            time.sleep(0.2)
        assert not left(), f"left behind: {left()[:20]}"

    def uploads_age(self):
        """Archives of calls that died on their way stay for a day: somebody may still push them. Then they go."""
        for folder in (self.data / "blobs").iterdir():
            for path in folder.rglob("*"):
                os.utime(path, (time.time() - 2 * 86400,) * 2)
        self.server.start()
        eventually(lambda: not leftovers.uploads(self.data), seconds=30, what="old uploads go")
        assert self.server.stop() == 0, self.tail()

    def tell_calls(self):
        """Figures about predictions; those lost for another reason than a kill are a violation."""
        for caller in self.callers:
            caller.stop()
        answered = in_flight = refused = 0
        for caller in self.callers:
            for begun, ended, came in caller.calls:
                if came == "answered":
                    answered += 1
                elif came == "refused" or any(died <= begun <= listening for died, listening in self.outages):
                    refused += 1
                else:
                    in_flight += 1
                if came != "answered" and not self.was_down(begun, ended):
                    raise Violation(f"a prediction was lost while a server ran: {came} {begun:.3f} to {ended:.3f}")
        if in_flight > self.kills * self.caller_count:
            raise Violation(f"{in_flight} predictions were lost with {self.kills} kills")
        return {
            "crash_predictions_answered": (answered, "predictions"), "crash_predictions_lost_in_flight":
            (in_flight, "predictions"), "crash_predictions_refused_while_down": (refused, "predictions"),
            "crash_predictions_lost_otherwise": (0, "predictions"),
        }  # fmt: skip

    def was_down(self, begun, ended):
        """Whether a server died while the call ran, or none listened when it began."""
        return any(begun <= listening and ended >= died for died, listening in self.outages)

    def clean_up(self):
        """After a failure too: nothing of this run stays on the machine."""
        for caller in getattr(self, "callers", []):
            caller.stopped.set()
        if self.server.process and self.server.process.poll() is None:
            self.server.process.kill()
            self.server.process.wait()
        for found in leftovers.processes(self.data):
            try:
                os.kill(found, signal.SIGKILL)
            except ProcessLookupError:
                pass


def torture(kills, seed, port, directory, say=print):
    """The whole run; returns the figures."""
    run = Torture(directory, port, seed)
    try:
        run.build()
        while run.kills < kills:
            run.round(run.random.uniform(0.05, 2.5))
            say(f"{run.kills} kills, {run.verified} writes verified", flush=True)
        return run.finish()
    finally:
        run.clean_up()
