"""A throw-away Slipway server, for tests of what talks to one.

    with slipway.testing.server() as server:
        requests.get(f"{server.url}/v1/models", headers=server.headers)

It has ports, a directory and an admin's API key of its own, and nothing of it is left afterwards.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator


class ServerFailed(RuntimeError):
    """The server did not start, or ended by itself; the message has the end of its log."""


@dataclasses.dataclass
class Server:
    """A running server."""

    #: Of everything: management below /v1, predictions below /model/{model_id}, the dashboard at /.
    url: str
    #: An admin's API key.
    key: str
    data_dir: pathlib.Path
    process: subprocess.Popen
    log_file: pathlib.Path

    @property
    def headers(self) -> dict[str, str]:
        """What every call needs."""
        return {"Authorization": f"Api-Key {self.key}"}

    @property
    def environment(self) -> dict[str, str]:
        """For `slipway` commands that are to use this server."""
        return {"SLIPWAY_REMOTE": self.url, "SLIPWAY_API_KEY": self.key}

    def trussrc(self, remote: str = "slipway") -> str:
        """A section of ~/.trussrc, with which the official client uses this server."""
        return f"[{remote}]\nremote_provider = baseten\napi_key = {self.key}\nremote_url = {self.url}\n"

    def log(self) -> str:
        """What the server has said so far."""
        return self.log_file.read_text(errors="replace")


def program() -> str:
    """The program: SLIPWAY_BINARY, else the one installed beside this Python, else one on the PATH."""
    named = os.environ.get("SLIPWAY_BINARY")
    beside = pathlib.Path(sys.executable).parent / "slipway"
    found = named or (str(beside) if beside.exists() else shutil.which("slipway"))
    if not found:
        raise ServerFailed("There is no slipway program: install the wheel that has it, or name one in SLIPWAY_BINARY.")
    return found


@contextlib.contextmanager
def server(*arguments: str, start_timeout: float = 60, environment: dict[str, str] | None = None) -> Iterator[Server]:
    """Starts a server, and ends it with its replicas.

    `arguments` go to `slipway serve`: `"--isolation", "none"` where the machine gives no namespaces, `"--tools-dir"` with
    a Python environment that has uv and truss where there is no package index.
    """
    # Only its owner gets in: the log of a first start has the admin's key.
    place = pathlib.Path(tempfile.mkdtemp(prefix="slipway-testing-"))
    log = place / "server.log"
    command = [
        program(), "serve", "--data-dir", str(place / "data"), "--port", "0", "--inference-port", "0",
        "--replicas-on-exit", "stop", *arguments,
    ]  # fmt: skip
    # Settings of a server that the person runs are none of this one.
    own = {name: value for name, value in os.environ.items() if not name.startswith("SLIPWAY_")}
    try:
        with open(log, "wb") as output:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env={**own, **(environment or {})}
            )
        try:
            url = _started(process, log, start_timeout)
            key = (place / "data" / "admin-api-key").read_text().strip()
            yield Server(url, key, place / "data", process, log)
        finally:
            _end(process)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _started(process: subprocess.Popen, log: pathlib.Path, timeout: float) -> str:
    """The URL, once the server says that it serves."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        text = log.read_text(errors="replace")
        if found := re.search(r"^Slipway \S+ serves (http://\S+)", text, re.MULTILINE):
            return found.group(1)
        if process.poll() is not None:
            raise ServerFailed(f"The server ended with code {process.returncode}:\n{text[-4000:]}")
        time.sleep(0.05)
    raise ServerFailed(f"The server did not start within {timeout} s:\n{log.read_text(errors='replace')[-4000:]}")


def _end(process: subprocess.Popen) -> None:
    process.terminate()
    try:
        process.wait(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
