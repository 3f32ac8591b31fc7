"""Leaves its network for another, or makes one where it has more rights."""
import os

from attempt import attempt, called

NEW = {"network": 0x40000000, "user": 0x10000000, "user and network": 0x50000000}


def run(target):
    found = {f"unshare {name}": called("unshare", flag) for name, flag in NEW.items()}
    for pid in ("1", "self", *map(str, target["processes"])):
        for kind in ("net", "user", "mnt"):
            file = attempt(os.open, f"/proc/{pid}/ns/{kind}", os.O_RDONLY)
            found[f"{kind} of {pid}"] = called("setns", file, 0) if isinstance(file, int) else file
    return found


def twin(target):
    """Threads and processes of its own are in its network."""
    pid = os.fork()
    if pid == 0:
        os._exit(0 if os.readlink("/proc/self/ns/net") == target_of(os.getppid()) else 1)
    return "works" if os.waitpid(pid, 0)[1] == 0 else "does not"


def target_of(pid):
    try:
        return os.readlink(f"/proc/{pid}/ns/net")
    except OSError:
        return os.readlink("/proc/self/ns/net")
