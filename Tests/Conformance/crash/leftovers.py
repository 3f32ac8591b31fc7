"""What a server leaves on its machine: processes, ports, groups, files. Reads /proc; nothing of the server's own."""

import glob
import json
import os
import pathlib


def _read(path):
    try:
        return pathlib.Path(path).read_bytes()
    except OSError:
        return b""


def processes(data, without=()):
    """Processes that have to do with a data directory: {pid: what they are}."""
    mark, found = str(data).encode(), {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) in without or int(entry) == os.getpid():
            continue
        line = _read(f"/proc/{entry}/cmdline")
        environ = _read(f"/proc/{entry}/environ")
        text = line + environ
        for link in glob.glob(f"/proc/{entry}/fd/[012]") + [f"/proc/{entry}/cwd", f"/proc/{entry}/root"]:
            try:
                text += os.readlink(link).encode()
            except OSError:
                pass
        if mark in text:
            replica = [v[14:].decode() for v in environ.split(b"\0") if v.startswith(b"BT_REPLICA_ID=")]
            found[int(entry)] = {
                "line": line.replace(b"\0", b" ").decode(errors="replace"), "session": _session(entry),
                "replica": replica[0] if replica else None,
            }  # fmt: skip
    return found


def everyone():
    """The command line of every process."""
    return {
        int(entry): _read(f"/proc/{entry}/cmdline").replace(b"\0", b" ").decode(errors="replace")
        for entry in os.listdir("/proc") if entry.isdigit()
    }  # fmt: skip


def _session(pid):
    fields = _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    return int(fields[3]) if len(fields) > 3 else None


def start_time(pid):
    fields = _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    return int(fields[19]) if len(fields) > 19 and fields[0] != b"Z" else None


def replicas(data):
    """Recorded replicas that run: {id: (pid, start time, deployment)}."""
    found = {}
    for record in glob.glob(f"{data}/engine/replicas/*/replica.json"):
        try:
            record = json.loads(pathlib.Path(record).read_text())
        except (OSError, ValueError):
            continue
        process = record["process"]
        if start_time(process["pid"]) == process["startTime"]:
            found[_text(record["replicaID"])] = (process["pid"], process["startTime"], _text(record["deploymentID"]))
    return found


def _text(identifier):
    return identifier["text"] if isinstance(identifier, dict) else identifier


def strays(data, server):
    """Replica processes of this data directory whose session no record names."""
    known = {pid for pid, _, _ in replicas(data).values()}
    return {
        pid: found for pid, found in processes(data, without=(server,)).items()
        if found["replica"] and found["session"] not in known
    }  # fmt: skip


def groups(ids):
    """Control groups of the given replicas."""
    return [d for d in glob.glob("/sys/fs/cgroup/**/slipway/*", recursive=True) if pathlib.Path(d).name in ids]


def files(data):
    """What should not be there once all models are deleted and the server has stopped."""
    left = []
    for pattern in [
        "engine/replicas/*", "engine/work/*", "engine/processes/*", "engine/images/*", "engine/probe*", "engine/*.log",
        "engine/environments/*.log", "engine/trash/*", "work/*", "logs/*", "blobs/incoming/*", "blobs/uploads/*", "blobs/objects/*", "run/*",
    ]:  # fmt: skip
        left += glob.glob(f"{data}/{pattern}")
    left += [d for d in glob.glob(f"{data}/engine/environments/*/") if not os.path.exists(d[:-1] + ".complete")]
    # Writes that end in a rename go by names of their own first.
    for directory in (data, f"{data}/engine"):
        left += [p for p in glob.glob(f"{directory}/*") + glob.glob(f"{directory}/.*") if _is_aside(p)]
    return sorted(left)


def uploads(data):
    return [path for kind in ("incoming", "uploads", "objects") for path in glob.glob(f"{data}/blobs/{kind}/*")]


def _is_aside(path):
    name = os.path.basename(path)
    return name.endswith(".new") or ".sb-" in name or name.startswith(".dat") or name == ".write-probe"


def sockets(data, pids):
    """Socket directories of the given servers, below the data directory or in /tmp where its path is too long."""
    return glob.glob(f"{data}/run/*") + [d for pid in pids for d in glob.glob(f"/tmp/slipway-{pid}-*")]


def listens(pid, port):
    """Whether a process has a socket that listens on a port."""
    listening = set()
    for line in _read(f"/proc/{pid}/net/tcp").decode().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
            listening.add(f"socket:[{fields[9]}]")
    for link in glob.glob(f"/proc/{pid}/fd/*") if listening else []:
        try:
            if os.readlink(link) in listening:
                return True
        except OSError:
            pass
    return False


def open_files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))
