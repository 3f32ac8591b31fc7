"""A machine whose only name server is its own: builds find names through it, by TCP, as nothing else of it is reached."""

import contextlib
import os
import pathlib
import socket
import socketserver
import struct
import threading

import pytest

from harness import TOOLS, Server, api_of, truss_files

PORT = 18440
ADDRESS = "127.77.53.1"
KNOWN = {"one.carried.test": "203.0.113.7"}
SYSTEMD = "/run/systemd/resolve/resolv.conf"
SERVE = """
mount --bind "$0" /etc/resolv.conf
if [ -e %s ]; then mount --bind /dev/null %s; fi
exec "$@"
""" % (SYSTEMD, SYSTEMD)  # fmt: skip

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs a resolv.conf of its own")


def address_of(name):
    if name in KNOWN:
        return KNOWN[name]
    # Names of package indexes are this machine's own business.
    with contextlib.suppress(OSError):
        return socket.gethostbyname(name)
    return None


class Resolver(socketserver.BaseRequestHandler):
    """Answers questions for IPv4 addresses; over TCP, so each has its length before it."""

    def handle(self):
        with contextlib.suppress(OSError, struct.error):
            while length := self.request.recv(2, socket.MSG_WAITALL):
                question = self.request.recv(struct.unpack("!H", length)[0], socket.MSG_WAITALL)
                answer = self.answered(question)
                self.request.sendall(struct.pack("!H", len(answer)) + answer)

    def answered(self, question):
        labels, at = [], 12
        while size := question[at]:
            labels.append(question[at + 1 : at + 1 + size].decode())
            at += 1 + size
        end = at + 5
        name, (kind,) = ".".join(labels).lower(), struct.unpack("!H", question[at + 1 : at + 3])
        self.server.asked.add(name)
        found = address_of(name) if kind == 1 else None
        known = found or address_of(name)
        head = question[:2] + struct.pack("!HHHHH", 0x8180 if known else 0x8183, 1, 1 if found else 0, 0, 0)
        record = struct.pack("!HHHIH", 0xC00C, 1, 1, 0, 4) + socket.inet_aton(found) if found else b""
        return head + question[12:end] + record


@pytest.fixture
def resolver():
    class TCP(socketserver.ThreadingTCPServer):
        allow_reuse_address = daemon_threads = True

    with TCP((ADDRESS, 53), Resolver) as server:
        server.asked = set()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_builds_ask_the_machines_own_name_server(resolver, scratch):
    configuration = pathlib.Path(scratch) / "resolv.conf"
    configuration.write_text(f"nameserver {ADDRESS}\n")
    server = Server(scratch / "named", port=PORT, inference_port=0, arguments=TOOLS)
    server.command = ["unshare", "--mount", "sh", "-ec", SERVE, str(configuration), *server.command]
    server.start()
    try:
        api = api_of(server)
        look = "python3 -c 'import socket; print(\"found\", socket.gethostbyname(\"one.carried.test\"))'"
        missing = "python3 -c 'import socket; socket.gethostbyname(\"two.carried.test\")' || echo not found"
        config = f"build_commands:\n- |\n  {look}\n- |\n  {missing}\n"
        ids = api.pushed("named", truss_files("named", config=config))
        log = api.logs(*ids)
        assert f"found {KNOWN['one.carried.test']}" in log and "not found" in log, log
        assert {"one.carried.test", "two.carried.test"} <= resolver.asked
    finally:
        server.stop()
