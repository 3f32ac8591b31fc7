"""What every benchmark needs: a server of its own, figures, and readings of /proc."""

import contextlib
import os
import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Tests" / "Conformance"))

from harness import API, Client, Server  # noqa: E402


@contextlib.contextmanager
def server(*arguments):
    """A release server on a fresh data directory, stopped with its replicas at the end."""
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as directory:
        running = Server(pathlib.Path(directory) / "data", arguments=arguments).start()
        try:
            yield running
        finally:
            running.stop()


def api(running):
    return API(running.key)


def client(running):
    return Client(running.data.parent / "home", running.key)


def figure(name, value, unit):
    print(f"figure {name} {value:.4g} {unit}", flush=True)


def resident_mib(process):
    """Resident memory of one process in MiB."""
    for line in open(f"/proc/{process}/status"):
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"process {process} has no resident memory")


def cpu_seconds(process):
    """Processor time a process has used so far, in all its threads."""
    fields = open(f"/proc/{process}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def sleep_until(moment):
    time.sleep(max(0.0, moment - time.monotonic()))
