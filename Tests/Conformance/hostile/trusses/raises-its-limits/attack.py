"""Gives itself more of the machine than it has: limits, priority, protection from the kernel's choice."""
import os
import resource

from attempt import attempt, called, written


def raised(number, most):
    try:
        resource.setrlimit(number, (most, most + 1))
    except ValueError:
        return "refused"
    return "raised"


def run(target):
    found = {"nice": attempt(os.nice, -5), "real time": attempt(os.sched_setscheduler, 0, os.SCHED_FIFO, os.sched_param(50)),
             "memory score": attempt(written, "/proc/self/oom_score_adj", "-1000"),
             # Of input and output, the first class: real time.
             "input and output": called("syscall", {"x86_64": 251, "aarch64": 30}[os.uname().machine], 1, 0, 1 << 13)}
    for name in ("NPROC", "NOFILE", "MEMLOCK"):
        number = getattr(resource, "RLIMIT_" + name)
        _, most = resource.getrlimit(number)
        found[name] = "has no limit" if most < 0 else raised(number, most)
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes",
                 "/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/pids/pids.max", "/sys/fs/cgroup/pids.max"):
        found[path] = attempt(written, path, "1")
    return found


def twin(target):
    """It may give way, and take less."""
    pid = os.fork()
    if pid == 0:
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
        os._exit(0 if os.nice(5) >= 5 else 1)
    return "works" if os.waitpid(pid, 0)[1] == 0 else "does not"
