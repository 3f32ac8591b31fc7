"""Starting and stopping the server: settings, refusals, signals."""

import os
import socket
import subprocess

import pytest
from harness import BINARY, Server


def serve(*arguments, environment=None):
    return subprocess.run(
        [str(BINARY), "serve", *map(str, arguments)], capture_output=True, text=True, timeout=30,
        env={**os.environ, **(environment or {})},
    )  # fmt: skip


def test_help_explains_every_setting():
    text = serve("--help").stdout
    for name in ("host", "port", "inference-port", "data-dir", "public-url", "log-level", "replicas-on-exit", "config"):
        assert f"--{name}" in text


def test_first_start_prints_the_key_once_and_keeps_it_private(scratch):
    server = Server(scratch / "first", port=18100, inference_port=0).start()
    key = server.key
    assert server.log.read_text().count(key) == 1
    assert (server.data / "admin-api-key").stat().st_mode & 0o077 == 0
    assert server.data.stat().st_mode & 0o077 == 0
    taken = serve("--data-dir", server.data, "--port", 18101, "--inference-port", 0)
    assert taken.returncode != 0 and "Another slipway server" in taken.stderr
    assert server.stop() == 0
    server.start()
    assert server.key == key and server.log.read_text().count(key) == 1
    assert server.stop() == 0


def test_the_database_has_one_process_also_without_the_lock_of_the_directory(scratch):
    """Whoever gets past the first lock does not change the database of a running server; a backup reads it."""
    server = Server(scratch / "locked", port=18105, inference_port=0).start()
    (server.data / "slipway.lock").unlink()
    second = serve("--data-dir", server.data, "--port", 18106, "--inference-port", 0)
    assert second.returncode != 0 and f"process {server.process.pid} uses it" in second.stderr, second.stderr
    assert server.answers()
    backup = subprocess.run(
        [str(BINARY), "backup", str(scratch / "locked.tar"), "--data-dir", str(server.data)], capture_output=True, text=True,
        timeout=30,
    )  # fmt: skip
    assert backup.returncode == 0, backup.stderr
    server.process.kill()
    server.process.wait()
    server.start()
    assert server.stop() == 0
    members = subprocess.run(
        [str(BINARY), "members", "add", "a@example.com", "--data-dir", str(server.data)], capture_output=True, text=True,
        timeout=30,
    )  # fmt: skip
    assert members.returncode != 0 and "No server runs" in members.stderr


def test_settings_come_from_flag_environment_and_file_in_that_order(scratch):
    file = scratch / "settings.yaml"
    file.write_text("port: 1\nlog_level: loud\n")
    cases = [
        (["--config", file], {}, "log-level"),
        (["--config", file], {"SLIPWAY_LOG_LEVEL": "louder"}, "louder"),
        (["--config", file, "--log-level", "loudest"], {"SLIPWAY_LOG_LEVEL": "louder"}, "loudest"),
        (["--port", "x"], {}, "--port"), (["--port", "70000"], {}, "65535"),
    ]  # fmt: skip
    for arguments, environment, word in cases:
        done = serve(*arguments, environment=environment)
        assert done.returncode != 0 and word in done.stderr, done.stderr
    file.write_text("prot: 1\n")
    done = serve("--config", file)
    assert done.returncode != 0 and "prot" in done.stderr and "line 1" in done.stderr


@pytest.mark.parametrize(
    "arguments, words",
    [
        (("--tls-port", 18107), "--tls-port needs --tls-certificate"),
        (("--tls-port", 70000), "a number from 0 to 65535"),
        (("--gate-dir", "/no/such/directory"), "the absolute path of a directory"),
        (("--gate-dir", "/etc/passwd"), "the absolute path of a directory"),
    ],
)
def test_settings_without_effect_are_refused(scratch, arguments, words):
    done = serve("--data-dir", scratch / "senseless", "--port", 18106, "--inference-port", 0, *arguments)
    assert done.returncode != 0 and words in done.stderr, done.stderr


def test_a_taken_port_is_named(scratch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = serve("--data-dir", scratch / "taken", "--port", port, "--inference-port", 0)
    assert done.returncode != 0 and str(port) in done.stderr and "taken" in done.stderr


def test_a_data_directory_that_cannot_be_used_is_named(scratch):
    file = scratch / "file"
    file.write_text("")
    done = serve("--data-dir", file / "below", "--port", 0, "--inference-port", 0)
    assert done.returncode != 0 and str(file / "below") in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
@pytest.mark.parametrize("options, word", [("ro", "Read-only"), ("size=16k", "No space")])
def test_a_read_only_or_full_disk_is_told_at_the_start(scratch, options, word):
    directory = scratch / f"disk-{word[:2]}"
    directory.mkdir()
    script = 'mount -t tmpfs -o "$1" tmpfs "$2" && exec "$3" serve --data-dir "$2" --port 0 --inference-port 0'
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, "sh", options, str(directory), str(BINARY)],
        capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert done.returncode != 0 and word in done.stderr, done.stderr
    assert "Traceback" not in done.stderr and "Fatal" not in done.stderr
