"""Looks for other replicas' servers on the addresses of loopback."""
import socket

from attempt import asked, attempt


def run(target):
    return {f"{a} {p}": attempt(asked, a, p) for a in ("127.0.0.1", "127.0.0.2", "::1") for p in target["ports"]}


def twin(target):
    """Its own loopback is there, with both addresses and every port."""
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("::1", 0), family=socket.AF_INET6) as other:
        for server in (one, other):
            socket.create_connection(server.getsockname()[:2]).close()
    return "works"
