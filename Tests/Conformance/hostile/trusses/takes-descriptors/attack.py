"""Opens files without end, in several processes: one of them has a limit, the machine has another."""
import os
import resource

from attempt import attempt


def fill(writer):
    error = None
    while not isinstance(error, str):
        error = attempt(os.open, "/dev/null", os.O_RDONLY)
    os.write(writer, error.encode() + b"\n")
    os._exit(0)


def run(target):
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, target["each"]), most))
    reader, writer = os.pipe()
    children = []
    for _ in range(target["processes"]):
        pid = os.fork()
        if pid == 0:
            fill(writer)
        children.append(pid)
    for pid in children:
        os.waitpid(pid, 0)
    return os.read(reader, 65536).decode().split()


def twin(target):
    files = [os.open("/dev/null", os.O_RDONLY) for _ in range(500)]
    for file in files:
        os.close(file)
    return "works"
