"""What tests of replicas' networks need around a server: Trusses that attack, and an outside of the tests' own."""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import stat
import subprocess
import time

TRUSSES = pathlib.Path(__file__).parent / "trusses"
# Reached from this machine by a pair of interfaces; no network that anyone uses.
HERE, OUTSIDE, ELSEWHERE = "10.231.77.1", "10.231.77.2", "10.231.77.3"
METADATA = "169.254.169.254"
PORT = 8321

LISTENER = """
import http.server, socket, threading
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"outside {self.server.server_address[0]}".encode())
    def log_message(self, *arguments):
        pass
def answer(address):
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.bind((address, PORT))
    while True:
        data, caller = one.recvfrom(100)
        one.sendto(b"outside", caller)
for address in ADDRESSES:
    threading.Thread(target=http.server.ThreadingHTTPServer((address, PORT), Handler).serve_forever).start()
    threading.Thread(target=answer, args=(address,)).start()
print("ready", flush=True)
"""


def files(name):
    """The files of a Truss of `hostile/trusses`."""
    root = TRUSSES / name
    return {str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts}


def listening(addresses, before=()):
    """A process that answers at PORT of every address, with HTTP and with datagrams."""
    script = f"ADDRESSES, PORT = {list(addresses)!r}, {PORT}\n" + LISTENER
    process = subprocess.Popen([*before, "python3", "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    return process


@contextlib.contextmanager
def outside():
    """A network beyond this machine: OUTSIDE, ELSEWHERE and a metadata service answer there.

    Yields what a command begins with that is to run there.
    """
    ours, theirs = "slt-here", "slt-there"
    holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
    inside = ["nsenter", "--target", str(holder.pid), "--net"]
    run = lambda *command, before=(): subprocess.run([*before, *command], check=True)
    listeners = []
    try:
        # Until it is in its own.
        while os.readlink(f"/proc/{holder.pid}/ns/net") == os.readlink("/proc/self/ns/net"):
            time.sleep(0.01)
        run("ip", "link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", str(holder.pid))
        run("ip", "address", "add", f"{HERE}/24", "dev", ours)
        run("ip", "link", "set", ours, "up")
        for address in (f"{OUTSIDE}/24", f"{ELSEWHERE}/24", f"{METADATA}/32"):
            run("ip", "address", "add", address, "dev", theirs, before=inside)
        for interface in ("lo", theirs):
            run("ip", "link", "set", interface, "up", before=inside)
        run("ip", "route", "add", f"{METADATA}/32", "via", OUTSIDE)
        listeners.append(listening([OUTSIDE, ELSEWHERE, METADATA], inside))
        listeners.append(listening([HERE]))
        yield inside
    finally:
        for process in [*listeners, holder]:
            process.send_signal(signal.SIGKILL)
            process.wait()
        # The namespace takes both ends with it, a moment later.
        subprocess.run(["ip", "link", "delete", ours], capture_output=True)


def has_outside():
    """Whether this machine and user can make one, and what replicas need for it."""
    return os.geteuid() == 0 and all(shutil.which(program) for program in ("ip", "nft", "nsenter", "slirp4netns"))


@contextlib.contextmanager
def tunnels_for_all():
    """As Debian has it; some sandboxes keep the device of tunnels to root."""
    device = "/dev/net/tun"
    before = stat.S_IMODE(os.stat(device).st_mode)
    os.chmod(device, 0o666)
    try:
        yield
    finally:
        os.chmod(device, before)


def own_address():
    """Of the interface that leads out of this machine; None without one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        try:
            one.connect(("192.0.2.77", 9))
        except OSError:
            return None
        return one.getsockname()[0]
