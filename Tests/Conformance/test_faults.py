"""What goes wrong around the server: each fault is told plainly, hurts as little as it must, and is over when it is."""

import contextlib
import http.server
import json
import os
import pathlib
import resource
import signal
import socket
import sqlite3
import statistics
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import faults
import pytest
import requests
from harness import BINARY, TOOLS, Server, api_of, eventually, truss_files, write_truss


@pytest.fixture(scope="session")
def library(scratch):
    return faults.build(scratch)


@pytest.fixture
def faulty(scratch, library, request):
    return faults.Faults(scratch / f"{request.node.name[:60]}.faults", library)


def test_faults_reach_the_server_and_nothing_else(scratch, faulty):
    server = Server(scratch / "shim", port=18300, inference_port=0, arguments=TOOLS, environment=faulty.environment()).start()
    api = api_of(server)
    before = faulty.counts()
    api.post("/v1/secrets", {"name": "one", "value": "1"})
    after = faulty.counts()
    assert after["sync"] == before["sync"] + 1 and after["write"] > before["write"]
    children = subprocess.run(["pgrep", "-P", str(server.process.pid)], capture_output=True, text=True).stdout.split()
    for child in children:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            assert b"faults.so" not in open(f"/proc/{child}/environ", "rb").read()
    faulty.set("sync kill-before 2")
    api.post("/v1/secrets", {"name": "two", "value": "2"})
    with pytest.raises(Exception):
        api.post("/v1/secrets", {"name": "three", "value": "3"})
    assert server.process.wait(10) == -signal.SIGKILL
    faulty.clear()
    server.start()
    names = {secret["name"] for secret in api_of(server).get("/v1/secrets")["secrets"]}
    assert {"one", "two"} <= names
    assert server.stop() == 0


# Models: one that is quiet, and two that hurt.

FLOOD = """
import threading
import time

class Model:
    def load(self):
        threading.Thread(target=self.flood, daemon=True).start()

    def flood(self):
        line = "flood " + "x" * 994
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            print("\\n".join([line] * 100), flush=True)
        print("the flood is over", flush=True)

    def predict(self, model_input):
        return {"ok": True}
"""

CHATTY = """
class Model:
    def predict(self, model_input):
        print("a prediction " + "x" * 200, flush=True)
        return {"ok": True}
"""


def predict(server, model, path="production/predict", session=requests, **options):
    options.setdefault("timeout", 60)
    return session.post(
        f"http://127.0.0.1:{server.port}/model/{model}/{path}", json={"n": 1},
        headers={"Authorization": f"Api-Key {server.key}"}, **options,
    )  # fmt: skip


def served(server, name, model=None, **options):
    """Pushes a model and waits until it serves production."""
    files = truss_files(name, **({"model": model} if model else {}))
    api = api_of(server)
    ids = api.pushed(name, files, **options)
    eventually(lambda: api.get(f"/v1/models/{ids[0]}")["production_deployment_id"] == ids[1])
    assert predict(server, ids[0]).status_code == 200
    return ids


def resident(pid, field="VmRSS"):
    """MiB."""
    for line in open(f"/proc/{pid}/status"):
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    raise AssertionError(field)


def cpu(pid):
    """Seconds used so far."""
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def health(server):
    answer = requests.get(f"http://localhost:{server.port}/healthz", timeout=10)
    return answer.status_code, answer.text.strip()


def refused(answer, word, status=503):
    assert answer.status_code == status, (answer.status_code, answer.text)
    document = answer.json()
    assert {"code", "message"} <= set(document) and word in document["message"], document
    assert "/slipway" not in document["message"], "no path for clients"


@contextlib.contextmanager
def running(server):
    server.start()
    try:
        yield server
        assert server.stop() == 0, server.log.read_text()[-4000:]
    finally:
        if server.process.poll() is None:
            server.process.kill()


@pytest.fixture(scope="module")
def server(scratch, library):
    """One server with one model for most faults; each is over when its test is."""
    faulty = faults.Faults(scratch / "faulty.faults", library)
    server = Server(
        scratch / "faulty", port=18301, inference_port=0, arguments=TOOLS, environment=faulty.environment()
    )
    server.faulty = faulty
    with running(server):
        server.model = served(server, "steady", CHATTY)
        yield server
        faulty.clear()


class TestDisk:
    """A disk that is full, read-only or slow while the server serves."""

    def writes(self, server):
        """Calls that store something, as (name, answer)."""
        api = api_of(server)
        model, deployment = server.model
        yield api.call("POST", "/v1/secrets", json={"name": "during", "value": "1"})
        yield api.call("POST", "/v1/api_keys", json={"type": "PERSONAL", "name": "during"})
        yield api.call("POST", f"/v1/models/{model}/environments", json={"name": "during"})
        yield api.call("POST", f"/v1/models/{model}/deployments/{deployment}/deactivate")
        yield api.call("PATCH", f"/v1/models/{model}/environments/production", json={"autoscaling_settings": {"max_replica": 3}})

    @pytest.mark.parametrize("rules, word", [
        (["write fail ENOSPC", "open fail ENOSPC", "mkdir fail ENOSPC"], "full"),
        (["write fail EROFS", "open fail EROFS", "mkdir fail EROFS", "rename fail EROFS", "sync fail EROFS"], "disk"),
        (["sync fail EIO path=slipway.sqlite"], "disk fails"),
    ], ids=["full", "read-only", "failing"])  # fmt: skip
    def test_writes_are_refused_in_words_and_predictions_go_on(self, server, rules, word):
        api = api_of(server)
        before = {path: api.get(path) for path in ("/v1/secrets", "/v1/models", f"/v1/models/{server.model[0]}/environments")}
        server.faulty.set(*rules)
        try:
            for answer in self.writes(server):
                refused(answer, word)
                assert predict(server, server.model[0]).status_code == 200
            status, text = health(server)
            assert status == 503 and word in text
            assert {path: api.get(path) for path in before} == before, "nothing was half made"
        finally:
            server.faulty.clear()
        eventually(lambda: health(server) == (200, "ok"), 10)
        api.post("/v1/secrets", {"name": f"after-{word.replace(' ', '-')}", "value": "1"})
        assert api.deployment(*server.model)["status"] == "ACTIVE"

    def test_an_upload_to_a_full_disk_is_refused_in_the_form_of_s3(self, server):
        api = api_of(server)
        config = {"model_name": "upload"}
        grant = api.post("/v1/prepare_model_upload", {"name": "upload", "deployment": {"config": config}})
        server.faulty.set("write fail ENOSPC path=/blobs/")
        try:
            answer = requests.put(grant["upload_url"], data=b"x" * 300_000, timeout=60)
            assert answer.status_code == 507 and "<Code>InsufficientStorage</Code>" in answer.text
        finally:
            server.faulty.clear()
        assert not [p for p in (server.data / "blobs" / "incoming").iterdir()], "no half-made object"
        assert requests.put(grant["upload_url"], data=b"x" * 300_000, timeout=60).status_code == 200

    def test_a_slow_disk_makes_writes_slow_and_nothing_else(self, server):
        api = api_of(server)
        server.faulty.set("sync delay-ms 500")
        try:
            began = time.monotonic()
            api.post("/v1/secrets", {"name": "slow", "value": "1"})
            assert time.monotonic() - began >= 0.5
            durations = []
            with ThreadPoolExecutor(4) as pool:
                writes = [pool.submit(api_of(server).post, "/v1/secrets", {"name": f"slow-{n}", "value": "1"}) for n in range(4)]
                while not all(write.done() for write in writes):
                    began = time.monotonic()
                    assert predict(server, server.model[0]).status_code == 200
                    durations.append(time.monotonic() - began)
                for write in writes:
                    write.result()
            print(f"figure predict_ms_median_while_syncs_take_500_ms {statistics.median(durations) * 1000:.1f} ms")
            assert statistics.median(durations) < 0.4
        finally:
            server.faulty.clear()
        names = {secret["name"] for secret in api.get("/v1/secrets")["secrets"]}
        assert {"slow"} | {f"slow-{n}" for n in range(4)} <= names


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_disk_that_really_fills_up_stops_writes_only_until_there_is_space(scratch):
    """A file system of its own, filled by a file, in a mount namespace that only the server and this test see."""
    disk = scratch / "small"
    disk.mkdir()
    server = Server(disk, port=18302, inference_port=0, arguments=TOOLS)
    server.log = scratch / "small.log"
    # Environments are on another disk, which only makes the small one fill up sooner.
    mount = '''
        mount -t tmpfs -o size=64m,mode=0700 tmpfs "$0"
        for name in environments wheels; do
            mkdir -p "$0/engine/$name" "$1/$name" && mount --bind "$1/$name" "$0/engine/$name" || exit 1
        done
        shift; exec "$@"
    '''
    aside = scratch / "small-aside"
    server.command = ["unshare", "--mount", "sh", "-c", mount, str(disk), str(aside), *server.command]

    def inside(*command):
        return subprocess.run(
            ["nsenter", f"--mount=/proc/{server.process.pid}/ns/mnt", *map(str, command)], capture_output=True, text=True,
        )  # fmt: skip

    def leave_free(mebibytes):
        inside("rm", "-f", disk / "filler")
        free = int(inside("sh", "-c", f"df --output=avail -k {disk} | tail -1").stdout)
        inside("sh", "-c", f"head -c {free - (mebibytes << 10)}K /dev/zero > {disk}/filler")

    server.start()
    try:
        key = eventually(lambda: inside("cat", disk / "admin-api-key").stdout.strip())
        type(server).key, original = property(lambda self: key), Server.key
        model, deployment = served(server, "chatty", CHATTY)
        api = api_of(server)
        api.post("/v1/secrets", {"name": "before", "value": "1"})
        inside("sh", "-c", f"cat /dev/zero > {disk}/filler; true")
        assert inside("sh", "-c", f"echo x > {disk}/more && cat {disk}/more").returncode != 0, "the disk is full"
        refusals = 0
        for number in range(40):
            answer = api.call("POST", "/v1/secrets", json={"name": f"n{number}", "value": "x" * 2000})
            # The write-ahead log may have room left from before.
            if answer.status_code != 200:
                refused(answer, "full")
                refusals += 1
        assert refusals > 0
        grant = api.call("POST", "/v1/prepare_model_upload", json={"name": "u", "deployment": {"config": {"model_name": "u"}}})
        if grant.status_code == 200:
            upload = requests.put(grant.json()["upload_url"], data=b"x" * 2_000_000, timeout=60)
            assert upload.status_code == 507 and "InsufficientStorage" in upload.text
        for _ in range(300):
            assert predict(server, model).json() == {"ok": True}
        assert health(server)[0] == 503
        inside("rm", disk / "filler")
        eventually(lambda: health(server) == (200, "ok"), 10)
        api.post("/v1/secrets", {"name": "after", "value": "1"})
        names = {secret["name"] for secret in api.get("/v1/secrets")["secrets"]}
        assert {"before", "after"} <= names
        second, _ = served(server, "second")
        assert api.deployment(model, deployment)["status"] == "ACTIVE"
        # Room for an archive and neither for what is in it nor for the planner's copies: the build waits and says so.
        archive = api.upload(truss_files("large") | {"data/weights": os.urandom(9 << 20)})
        deployment = {"config": {"model_name": "large"}}
        leave_free(7)
        made = api.post("/v1/models", {"source": {"kind": "model_archive", "name": "large", "deployment": deployment, "s3_key": archive}})
        ids = made["model"]["id"], made["deployment"]["id"]
        eventually(lambda: "The disk is full" in api.logs(*ids), 60)
        leave_free(12)
        attempts = api.logs(*ids).count("Build of large started")
        eventually(lambda: api.logs(*ids).count("Build of large started") >= attempts + 2, 60)
        assert api.deployment(*ids)["status"] == "BUILDING", api.logs(*ids)
        inside("rm", disk / "filler")
        api.wait(*ids, "ACTIVE", seconds=300)
        server.stop()
        print(f"figure predictions_served_on_full_disk 300 of 300, writes_refused {refusals} of 40")
    finally:
        type(server).key = original if "original" in dir() else Server.key
        if server.process.poll() is None:
            server.process.kill()


def checkpoint(database):
    """Everything into the main file, so that what is damaged there is what is read."""
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def damage(path, at, count=4096):
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(os.urandom(count))


def test_a_damaged_database_is_told_with_the_way_back_and_the_way_back_works(scratch):
    server = Server(scratch / "damaged", port=18303, inference_port=0, arguments=TOOLS)
    backup = scratch / "damaged.backup"
    with running(server):
        api = api_of(server)
        for number in range(40):
            api.post("/v1/secrets", {"name": f"secret-{number}", "value": "x" * 3000})
        done = subprocess.run([str(BINARY), "backup", str(backup), "--data-dir", str(server.data)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    database = server.data / "slipway.sqlite"
    checkpoint(database)
    pages = database.stat().st_size // 4096
    # Past the schema: pages of tables.
    for page in range(pages // 3, pages - 1, 2):
        damage(database, page * 4096)
    refusal = subprocess.run(server.command, capture_output=True, text=True, timeout=60)
    assert refusal.returncode != 0
    for part in (str(database), "damaged", "slipway restore FILE --replace", f"--data-dir {server.data}"):
        assert part in refusal.stderr, refusal.stderr
    assert "Fatal" not in refusal.stderr
    restore = [str(BINARY), "restore", str(backup), "--data-dir", str(server.data)]
    without = subprocess.run(restore, capture_output=True, text=True)
    assert without.returncode != 0 and "--replace" in without.stderr
    done = subprocess.run([*restore, "--replace"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with running(server):
        assert len(api_of(server).get("/v1/secrets")["secrets"]) == 40
    assert [p.name for p in server.data.glob("slipway.sqlite.damaged-*")], "the old database is kept"


def test_a_database_that_is_damaged_while_it_serves_is_told_and_predictions_go_on(scratch):
    server = Server(scratch / "damaged-live", port=18304, inference_port=0, arguments=TOOLS)
    server.start()
    try:
        model, _ = served(server, "steady")
        api = api_of(server)
        for number in range(60):
            api.post("/v1/secrets", {"name": f"secret-{number}", "value": "x" * 3000})
        database = server.data / "slipway.sqlite"
        checkpoint(database)
        pages = database.stat().st_size // 4096
        for page in range(pages // 3, pages):
            damage(database, page * 4096)

        def told():
            answers = [api.call("GET", "/v1/secrets"), api.call("POST", "/v1/secrets", json={"name": "x", "value": "y"})]
            return [answer for answer in answers if answer.status_code == 503]

        for answer in eventually(told, 30):
            refused(answer, "damaged")
        status, text = health(server)
        assert status == 503 and "damaged" in text
        assert predict(server, model).status_code == 200
        assert str(database) in server.log.read_text() and "slipway restore" in server.log.read_text()
    finally:
        server.process.terminate()
        server.process.wait(60)


@pytest.mark.parametrize("hours", [30, -30], ids=["forward", "backward"])
def test_the_clock_may_jump_by_a_day_and_nothing_is_dropped_or_stopped(server, hours):
    api, faulty = api_of(server), server.faulty
    try:
        busy = served(server, f"busy{hours}", SLEEPY)
        files = truss_files(f"starting{hours}", model=SLOW_LOAD)
        starting = api.pushed(f"starting{hours}", files, status=None)
        api.wait(*starting, "LOADING_MODEL")
        with ThreadPoolExecutor(4) as pool:
            long = pool.submit(predict, server, busy[0], timeout=60)
            queued = [
                requests.post(
                    f"http://127.0.0.1:{server.port}/model/{busy[0]}/production/async_predict",
                    json={"model_input": {"n": n}, "max_time_in_queue_seconds": 600},
                    headers={"Authorization": f"Api-Key {server.key}"}, timeout=30,
                ).json()["request_id"] for n in range(3)
            ]  # fmt: skip
            time.sleep(0.5)
            faulty.set(f"clock offset-s {hours * 3600}")
            seen = set()
            end = time.monotonic() + 7
            while time.monotonic() < end:
                seen.add(api.deployment(*busy)["status"])
                seen.add(api.deployment(*starting)["status"])
                time.sleep(0.2)
            assert seen <= {"ACTIVE", "LOADING_MODEL"}, seen
            assert long.result().status_code == 200
        api.wait(*starting, "ACTIVE", 60)

        def statuses():
            return {
                requests.get(
                    f"http://127.0.0.1:{server.port}/model/{busy[0]}/async_request/{request}",
                    headers={"Authorization": f"Api-Key {server.key}"}, timeout=30,
                ).json()["status"] for request in queued
            }  # fmt: skip

        eventually(lambda: statuses() == {"SUCCEEDED"}, 60, what=statuses)
        # What is logged from now on is found by a question about the last minutes.
        predict(server, busy[0])
        eventually(lambda: "woke" in api.logs(*busy), 10)
        # Who pushes sees the lines of this push, whatever the clocks say.
        truss = write_truss(server.data.parent / f"skew{hours}", f"skew{hours}")
        remote = os.environ | {"SLIPWAY_REMOTE": f"http://api.localhost:{server.port}", "SLIPWAY_API_KEY": server.key}
        for _ in range(2):
            said = subprocess.run([BINARY, "push", truss, "--wait"], env=remote, capture_output=True, text=True, timeout=300)
            assert said.returncode == 0 and said.stdout.count(f"Build of skew{hours} started") == 1, said
        # A drain ends in seconds, not in hours.
        api.post(f"/v1/models/{starting[0]}/deployments/{starting[1]}/deactivate")
        api.wait(*starting, "INACTIVE", 30)
        assert "clock was moved" in server.log.read_text()
    finally:
        faulty.clear()


SLEEPY = """
import time

class Model:
    def predict(self, model_input):
        time.sleep(4)
        print("woke", flush=True)
        return {"ok": True}
"""

SLOW_LOAD = """
import time

class Model:
    def load(self):
        time.sleep(6)

    def predict(self, model_input):
        return {"ok": True}
"""


def test_without_file_handles_new_clients_wait_while_others_are_served_and_it_recovers(server):
    api = api_of(server)
    model, deployment = server.model
    # A client that was there before goes on being served.
    early = requests.Session()
    assert predict(server, model, session=early).status_code == 200
    limits = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
    handles = len(os.listdir(f"/proc/{server.process.pid}/fd"))
    resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (handles + 200, limits[1]))
    try:
        idle = []
        with ThreadPoolExecutor(20) as pool:
            try:
                for _ in range(400):
                    client = socket.create_connection(("127.0.0.1", server.port), timeout=5)
                    idle.append(client)
                waiting = [pool.submit(predict, server, model) for _ in range(20)]
                time.sleep(3)
                early_results = [predict(server, model, session=early).status_code for _ in range(20)]
                served_early = early_results.count(200)
                assert not [one.exception() or one.result() for one in waiting if one.done()]
                assert server.process.poll() is None
            finally:
                for client in idle:
                    client.close()
            later = [one.result().status_code for one in waiting]
        print(f"figure predictions_without_file_handles {served_early} of 20 of an early client")
        print(f"figure predictions_after_file_handles {later.count(200)} of 20 of new clients that waited")
        # A handle may be missing for a moment where one is needed within the server.
        assert served_early >= 19 and set(early_results) <= {200, 503}, early_results
        assert later == [200] * 20, later
        eventually(lambda: predict(server, model).status_code == 200, 20)
        api = api_of(server)
        api.post("/v1/secrets", {"name": "after", "value": "1"})
        served(server, "later")
        assert api.deployment(model, deployment)["status"] == "ACTIVE"
    finally:
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, limits)
    eventually(lambda: len(os.listdir(f"/proc/{server.process.pid}/fd")) < handles + 30, 30)


def test_a_replica_needs_no_port_of_the_machine(server):
    """All ports that replicas without a network of their own would choose from are taken."""
    taken = []
    try:
        for port in range(20000, 30000):
            other = socket.socket()
            try:
                other.bind(("127.0.0.1", port))
                other.listen()
                taken.append(other)
            except OSError:
                other.close()
        served(server, "elsewhere")
    finally:
        for other in taken:
            other.close()


def test_when_no_process_can_be_started_it_is_told_and_tried_again(server):
    api, faulty = api_of(server), server.faulty
    try:
        model, deployment = served(server, "first")
        # A replica that cannot be started: told, and started when that is over.
        api.post(f"/v1/models/{model}/deployments/{deployment}/deactivate")
        api.wait(model, deployment, "INACTIVE")
        faulty.set("spawn fail EAGAIN")
        api.post(f"/v1/models/{model}/deployments/{deployment}/activate")

        def told():
            current = api.deployment(model, deployment)
            assert current["status"] in {"DEPLOYING", "LOADING_MODEL", "WAKING_UP"}, current
            return "Resource temporarily unavailable" in api.logs(model, deployment)

        eventually(told, 20)
        time.sleep(2)
        attempts = faulty.seen()
        # A build that cannot run fails in words and can be asked for again.
        answer = api.push("second", truss_files("second", config="requirements:\n  - idna==3.7\n"))
        second = answer.json()["model"]["id"], answer.json()["deployment"]["id"]
        failed = eventually(lambda: (d := api.deployment(*second))["status"] == "BUILD_FAILED" and d, 60)
        assert failed and "Resource temporarily unavailable" in api.logs(*second)
        faulty.clear()
        api.wait(model, deployment, "ACTIVE", 60)
        assert 0 < attempts < 20, "with pauses in between"
        api.post(f"/v1/models/{second[0]}/deployments/{second[1]}/retry")
        api.wait(*second, "ACTIVE", 120)
    finally:
        faulty.clear()


def test_a_replica_that_floods_its_output_costs_little(server):
    api = api_of(server)
    quiet, quiet_deployment = server.model
    flood, flooding = api.pushed("flood", truss_files("flood", model=FLOOD.replace("SECONDS", "8")), status=None)
    directory = server.data / "engine" / "replicas"
    written = blocks = memory = rounds = 0
    began = used = None
    deadline = time.monotonic() + 300

    def is_over():
        """Looked for now and then only: to read a flood's log is work of its own."""
        return rounds % 20 == 0 and "the flood is over" in logs_desc(api, flood, flooding)

    while not (began and is_over()):
        assert time.monotonic() < deadline, f"the flood did not end: {written} bytes"
        for output in directory.glob("*/output.log"):
            info = output.stat()
            written, blocks = max(written, info.st_size), max(blocks, info.st_blocks * 512)
        if began is None and written > 32 << 20:
            began, used = time.monotonic(), cpu(server.process.pid)
        memory = max(memory, resident(server.process.pid))
        assert predict(server, quiet).status_code == 200
        rounds += 1
        time.sleep(0.2)
    seconds = time.monotonic() - began
    share = (cpu(server.process.pid) - used) / seconds
    assert written > 64 << 20, "that was no flood"
    assert "bytes of output were dropped" in logs_desc(api, flood, flooding, search_pattern="dropped")
    assert "a prediction" in logs_desc(api, quiet, quiet_deployment)
    stored = sum(p.stat().st_size for p in (server.data / "logs").glob("*/*.jsonl"))
    print(f"figure flood_written {written / 2**20:.0f} MiB")
    print(f"figure flood_on_disk_at_most {blocks / 2**20:.0f} MiB, logs {stored / 2**20:.0f} MiB")
    print(f"figure flood_server_memory {memory:.0f} MiB, cpu {share:.2f} cores")
    assert blocks < 512 << 20 and stored < 100 << 20 and memory < 700


def logs_desc(api, model, deployment, **parameters):
    return api.logs(model, deployment, direction="desc", **parameters)


class HangingReceiver(http.server.BaseHTTPRequestHandler):
    """A webhook receiver: `/hang` reads the delivery and never answers."""

    got: list = []

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((self.path, time.monotonic()))
        if self.path == "/hang":
            time.sleep(30)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_a_webhook_receiver_that_hangs_holds_up_nobody_else(server):
    HangingReceiver.got = []
    receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), HangingReceiver)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{receiver.server_address[1]}"
    model, _ = server.model
    try:
        headers = {"Authorization": f"Api-Key {server.key}"}

        def submit(path):
            answer = requests.post(
                f"http://127.0.0.1:{server.port}/model/{model}/production/async_predict",
                json={"model_input": {"n": 1}, "webhook_endpoint": base + path}, headers=headers, timeout=30,
            )  # fmt: skip
            assert answer.status_code in (200, 201, 202), answer.text
            return answer.json()["request_id"]

        def status(request):
            return requests.get(
                f"http://127.0.0.1:{server.port}/model/{model}/async_request/{request}", headers=headers, timeout=30
            ).json()

        began = time.monotonic()
        hanging = [submit("/hang") for _ in range(20)]
        good = [submit("/good") for _ in range(20)]
        eventually(lambda: all(status(r)["webhook_status"] == "SUCCEEDED" for r in good), 20)
        assert time.monotonic() - began < 15
        times = []
        for _ in range(30):
            start = time.monotonic()
            assert predict(server, model).status_code == 200
            times.append(time.monotonic() - start)
        assert statistics.median(times) < 0.5
        eventually(lambda: all(status(r)["status"] == "WEBHOOK_FAILED" for r in hanging), 60)
        took = time.monotonic() - began
        tries = len([path for path, _ in HangingReceiver.got if path == "/hang"])
        print(f"figure hanging_webhooks_given_up_after {took:.1f} s, {tries} tries for 20")
        assert tries == 40 and 19 < took < 60
    finally:
        receiver.shutdown()


def test_large_bodies_and_archives_take_bounded_memory(scratch, server):
    api = api_of(server)
    archive = scratch / "big.tar"
    with open(archive, "wb") as file:
        file.truncate(400 << 20)
    model, _ = served(server, "memory", SIZE)
    pathlib.Path(f"/proc/{server.process.pid}/clear_refs").write_text("5")
    before = resident(server.process.pid)
    config = {"model_name": "big"}
    for _ in range(2):
        grant = api.post("/v1/prepare_model_upload", {"name": "big", "deployment": {"config": config}})
        with open(archive, "rb") as file:
            answer = requests.put(grant["upload_url"], data=file, timeout=300)
        assert answer.status_code == 200, answer.text
    uploads = resident(server.process.pid, "VmHWM")

    def large(_):
        return requests.post(
            f"http://127.0.0.1:{server.port}/model/{model}/production/predict",
            data=json.dumps({"text": "x" * (20 << 20)}), timeout=120,
            headers={"Authorization": f"Api-Key {server.key}", "Content-Type": "application/json"},
        ).json()["size"]  # fmt: skip

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(large, range(6))) == {20 << 20}
    peak = resident(server.process.pid, "VmHWM")
    print(f"figure memory_before {before:.0f} MiB, after_800_MiB_of_uploads {uploads:.0f} MiB, peak {peak:.0f} MiB")
    assert peak - before < 300


SIZE = """
class Model:
    def predict(self, model_input):
        return {"size": len(model_input.get("text", ""))}
"""
