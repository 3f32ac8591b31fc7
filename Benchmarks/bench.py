"""What every benchmark shares: a server on a fresh data directory, and how figures are printed.

The server and its API are reached through the same classes as in the conformance tests.
"""

import contextlib
import pathlib
import shutil
import statistics
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Tests/Conformance"))

from conftest import API, Client, Server, eventually, truss_files, write_truss  # noqa: E402

__all__ = [
    "API", "Client", "ROOT", "Server", "eventually", "figure", "median", "scratch", "serving", "truss_files",
    "write_truss",
]  # fmt: skip


@contextlib.contextmanager
def scratch():
    directory = pathlib.Path(tempfile.mkdtemp(prefix="slipway-bench-"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextlib.contextmanager
def serving(directory):
    """A server on port 8000 with its data below `directory`; stops with all its replicas."""
    server = Server(directory / "data", inference_port=0, arguments=("--log-level", "warning")).start()
    try:
        yield server, API(server.key)
    finally:
        code = server.stop()
    if code != 0:
        sys.exit(f"the server ended with {code}: {server.log.read_text()[-2000:]}")


def figure(name, value, unit):
    """One result, in the form that scripts read: `figure NAME VALUE UNIT`."""
    text = f"{value:.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    print(f"figure {name} {text} {unit}", flush=True)


def median(values):
    return float(statistics.median(values))
