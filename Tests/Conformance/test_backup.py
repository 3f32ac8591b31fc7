"""`slipway backup` beside a running server, and `slipway restore` into a directory that no server uses."""

import json
import os
import signal
import subprocess
import tarfile
import threading
import time
import uuid

import pytest
import requests
from harness import BINARY, TOOLS, Server, api_of, eventually, truss_files


def slipway(*arguments, check=True, **options):
    done = subprocess.run([str(BINARY), *map(str, arguments)], capture_output=True, text=True, timeout=120, **options)
    if check:
        assert done.returncode == 0, done.stderr
    return done


def predict(server, model, timeout=60):
    return requests.post(
        f"http://127.0.0.1:{server.port}/model/{model}/production/predict", json={"n": 1}, timeout=timeout,
        headers={"Authorization": f"Api-Key {server.key}"},
    )  # fmt: skip


def secrets(server):
    return {secret["name"] for secret in api_of(server).get("/v1/secrets")["secrets"]}


def test_a_server_moves_to_another_machine_by_a_backup_made_while_it_serves(scratch):
    """Another data directory stands for the other machine: it has none of the images."""
    config = "secrets:\n  token: null\n"
    model = "class Model:\n    def __init__(self, **kwargs):\n        self.token = kwargs['secrets']['token']\n"
    model += "    def predict(self, model_input):\n        return {'token': self.token}\n"
    first = Server(scratch / "moving", port=18320, inference_port=0, arguments=TOOLS).start()
    second = Server(scratch / "elsewhere", port=18321, inference_port=0, arguments=TOOLS)
    backup = scratch / "home.backup"
    try:
        api = api_of(first)
        api.post("/v1/secrets", {"name": "token", "value": "sesame"})
        ids = api.pushed("secretive", truss_files("secretive", model=model, config=config))
        eventually(lambda: api.get(f"/v1/models/{ids[0]}")["production_deployment_id"] == ids[1])
        assert predict(first, ids[0]).json() == {"token": "sesame"}
        said = slipway("backup", backup, "--data-dir", first.data).stdout
        assert "1 models, 1 deployments" in said
        assert backup.stat().st_mode & 0o777 == 0o600
        assert not list(scratch.glob("home.backup.*")), "nothing is left beside"
        assert not list(first.data.glob(".archive-hold-*"))
        assert predict(first, ids[0]).status_code == 200
        # Into the directory of a running server: refused, and nothing changes.
        refused = slipway("restore", backup, "--data-dir", first.data, "--replace", check=False)
        assert refused.returncode != 0 and "A server runs on" in refused.stderr
        assert predict(first, ids[0]).status_code == 200
        # Elsewhere, while the first one serves.
        said = slipway("restore", backup, "--data-dir", second.data).stdout
        assert "1 models" in said and str(second.data) in said
        assert second.data.stat().st_mode & 0o077 == 0
        second.start()
        assert second.key == first.key
        moved = api_of(second)

        def active():
            current = moved.deployment(*ids)
            assert "FAILED" not in current["status"], current
            return current["status"] == "ACTIVE"

        assert predict(second, ids[0], timeout=120).json() == {"token": "sesame"}, "the request is held"
        eventually(active, 60)
        assert "not on this machine" in moved.logs(*ids)
        assert predict(first, ids[0]).status_code == 200
    finally:
        for server in (first, second):
            if server.process and server.process.poll() is None:
                server.stop()


def test_backups_in_the_middle_of_writes_hold_everything_acknowledged_before(scratch):
    server = Server(scratch / "written", port=18322, inference_port=0, arguments=TOOLS).start()
    acknowledged = []
    ended = threading.Event()

    def write():
        api, number = api_of(server), 0
        while not ended.is_set():
            api.post("/v1/secrets", {"name": f"n{number:05}", "value": "x" * 500})
            acknowledged.append(f"n{number:05}")
            number += 1

    try:
        writer = threading.Thread(target=write)
        writer.start()
        backups = []
        for number in range(6):
            time.sleep(0.4)
            before = list(acknowledged)
            slipway("backup", scratch / f"written-{number}", "--data-dir", server.data)
            backups.append(before)
        ended.set()
        writer.join()
    finally:
        ended.set()
        assert server.stop() == 0
    for number, before in enumerate(backups):
        target = scratch / f"written-into-{number}"
        slipway("restore", scratch / f"written-{number}", "--data-dir", target)
        restored = Server(target, port=18323, inference_port=0, arguments=TOOLS).start()
        try:
            found = secrets(restored)
            assert set(before) <= found and found <= set(acknowledged)
            # In order: no later write without the earlier ones.
            assert found == set(acknowledged[: len(found)])
        finally:
            assert restored.stop() == 0
    print(f"figure backups_during_writes {len(backups)}, writes {len(acknowledged)}, lost 0")


@pytest.fixture(scope="module")
def kept(scratch):
    """A stopped server's directory with some state, and its backup."""
    server = Server(scratch / "kept", port=18324, inference_port=0, arguments=TOOLS).start()
    api = api_of(server)
    api.post("/v1/secrets", {"name": "old", "value": "1"})
    key = api.upload(truss_files("kept"))
    source = {"kind": "model_archive", "name": "kept", "deployment": {"config": {"model_name": "kept"}}, "s3_key": key}
    assert api.call("POST", "/v1/models", json={"source": source}).status_code == 200
    assert server.stop() == 0
    backup = scratch / "kept.backup"
    slipway("backup", backup, "--data-dir", server.data)
    return server, backup


def test_a_backup_is_a_tar_file_that_says_what_it_holds(kept):
    _, backup = kept
    with tarfile.open(backup) as archive:
        names = archive.getnames()
        manifest = json.load(archive.extractfile("manifest.json"))
    assert names[-1] == "manifest.json" and manifest["format"] == 1
    assert [entry["path"] for entry in manifest["entries"]] == names[:-1]
    assert {"slipway.sqlite", "master-key", "admin-api-key"} <= set(names)
    assert len([name for name in names if name.startswith("blobs/objects/")]) == 1


@pytest.mark.parametrize("damage, word", [
    ("flip", "damaged"), ("cut", "no whole backup"), ("empty", "no whole backup"), ("text", "no whole backup"),
    ("escape", "no backup of Slipway"), ("newer", "newer version"),
])  # fmt: skip
def test_a_file_that_is_no_whole_backup_changes_nothing(scratch, kept, damage, word):
    server, backup = kept
    data = bytearray(backup.read_bytes())
    bad = scratch / f"bad-{damage}"
    if damage == "flip":
        data[len(data) // 2] ^= 1
    elif damage == "cut":
        del data[len(data) * 2 // 3 :]
    elif damage == "empty":
        data = bytearray()
    elif damage == "text":
        data = bytearray(b"hello " * 1000)
    elif damage == "newer":
        data = data.replace(b'"format" : 1', b'"format" : 2')
    bad.write_bytes(data)
    if damage == "escape":
        with tarfile.open(bad, "w") as archive:
            archive.add(backup, arcname="../outside")
    before = {path: path.read_bytes() for path in server.data.iterdir() if path.is_file()}
    done = slipway("restore", bad, "--data-dir", server.data, "--replace", check=False)
    assert done.returncode != 0 and word in done.stderr, done.stderr
    assert {path: path.read_bytes() for path in server.data.iterdir() if path.is_file()} == before
    assert not (server.data / "restoring").exists()
    assert not (scratch / "outside").exists()
    empty = scratch / f"empty-{damage}"
    assert slipway("restore", bad, "--data-dir", empty, check=False).returncode != 0
    assert [p.name for p in empty.iterdir()] == ["slipway.lock"]


def test_a_restore_in_the_place_of_a_server_keeps_the_old_database(scratch, kept):
    server, backup = kept
    server.start()
    api_of(server).post("/v1/secrets", {"name": "new", "value": "2"})
    assert server.stop() == 0
    refused = slipway("restore", backup, "--data-dir", server.data, check=False)
    assert refused.returncode != 0 and "--replace" in refused.stderr
    slipway("restore", backup, "--data-dir", server.data, "--replace")
    server.start()
    assert secrets(server) == {"old"}
    assert server.stop() == 0
    # The way back from the way back.
    for path in server.data.glob("slipway.sqlite*"):
        if "damaged" not in path.name:
            path.unlink()
    for path in server.data.glob("slipway.sqlite.damaged-*"):
        end = path.name[-4:] if path.name.endswith(("-wal", "-shm")) else ""
        path.rename(server.data / ("slipway.sqlite" + end))
    server.start()
    assert secrets(server) == {"old", "new"}
    assert server.stop() == 0


def test_a_restore_that_ended_in_the_middle_is_told_and_can_be_made_again(scratch, kept):
    server, backup = kept
    (server.data / "restoring.begun").touch()
    refused = subprocess.run(server.command, capture_output=True, text=True, timeout=30)
    assert refused.returncode != 0 and "has not ended" in refused.stderr
    slipway("restore", backup, "--data-dir", server.data)
    server.start()
    assert "old" in secrets(server)
    assert server.stop() == 0


def test_a_restore_made_again_keeps_the_old_database_and_its_log_together(scratch, kept):
    """The first one was killed when it had moved the log and not yet the database, or when it had moved all."""
    server, backup = kept
    data = server.data
    files = ("slipway.sqlite", "slipway.sqlite-wal")
    for stage in ("log", "all"):
        suffix = f"damaged-first-{stage}"
        (data / "slipway.sqlite-shm").unlink(missing_ok=True)
        for name in files:
            (data / name).write_text(f"old {name}")
        (data / "restoring.begun").write_text(suffix)
        (data / files[1]).rename(data / f"slipway.sqlite.{suffix}-wal")
        if stage == "all":
            (data / files[0]).rename(data / f"slipway.sqlite.{suffix}")
            (data / files[0]).write_text("half restored")
        before = {path.name for path in data.iterdir()}
        slipway("restore", backup, "--data-dir", data)
        assert (data / f"slipway.sqlite.{suffix}").read_text() == "old slipway.sqlite"
        assert (data / f"slipway.sqlite.{suffix}-wal").read_text() == "old slipway.sqlite-wal"
        new = {path.name for path in data.iterdir()} - before
        assert new <= {f"slipway.sqlite.{suffix}"}
        assert not (data / "restoring.begun").exists()
    server.start()
    assert "old" in secrets(server)
    assert server.stop() == 0


def test_a_backup_removes_what_a_killed_one_left_and_nothing_of_the_operator(scratch, kept):
    server, _ = kept
    left = server.data / f".archive-hold-{uuid.uuid4()}"
    theirs = [server.data / name for name in ("backup-monday.tar", ".archive-hold-notes", f".archive-hold-{uuid.uuid4()}")]
    left.mkdir()
    for path in theirs:
        path.write_text("mine")
    for path in (left, *theirs):
        os.utime(path, (time.time() - 200_000,) * 2)
    slipway("backup", scratch / "after-monday", "--data-dir", server.data)
    assert not left.exists()
    for path in theirs:
        assert path.read_text() == "mine"
        path.unlink()


def test_a_backup_of_nothing_or_to_nowhere_is_refused_in_words(scratch, kept):
    server, backup = kept
    done = slipway("backup", scratch / "x", "--data-dir", scratch / "nothing", check=False)
    assert done.returncode != 0 and "no data of a server" in done.stderr
    assert not (scratch / "nothing").exists()
    done = slipway("backup", scratch / "no" / "x", "--data-dir", server.data, check=False)
    assert done.returncode != 0 and str(scratch / "no") in done.stderr
    done = slipway("restore", scratch / "missing", "--data-dir", scratch / "target", check=False)
    assert done.returncode != 0


def peak_memory(pid):
    """MiB; 0 when the process has just ended."""
    try:
        lines = open(f"/proc/{pid}/status").read().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return max((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), default=0)


def test_a_backup_with_large_archives_takes_little_time_and_memory(scratch):
    server = Server(scratch / "large", port=18325, inference_port=0, arguments=TOOLS).start()
    try:
        api = api_of(server)
        files = truss_files("large")
        for number in range(3):
            files["data/weights.bin"] = os.urandom(1 << 20) * 64
            answer = api.push("large", files)
            assert answer.status_code == 200, answer.text
    finally:
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(60)
    backup = scratch / "large.backup"
    begin = time.monotonic()
    process = subprocess.Popen([str(BINARY), "backup", str(backup), "--data-dir", str(server.data)])
    memory = 0
    while process.poll() is None:
        memory = max(memory, peak_memory(process.pid))
        time.sleep(0.01)
    seconds = time.monotonic() - begin
    assert process.returncode == 0
    begin = time.monotonic()
    slipway("restore", backup, "--data-dir", scratch / "large-again")
    size = backup.stat().st_size / 2**20
    print(f"figure backup_of_{size:.0f}_MiB {seconds:.1f} s, memory {memory:.0f} MiB")
    print(f"figure restore_of_{size:.0f}_MiB {time.monotonic() - begin:.1f} s")
    assert size > 190 and 0 < memory < 150
