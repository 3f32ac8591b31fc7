"""Binds the ports that clients reach the server at, to be taken for it; it goes on listening."""
import socket

from attempt import attempt

taken = []


def take(address, port):
    one = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
        one.setsockopt(socket.SOL_SOCKET, option, 1)
    one.bind((address, port))
    one.listen(512)
    one.setblocking(False)
    taken.append(one)
    return "listens"


def run(target):
    if target.get("heard"):
        return [attempt(lambda: one.accept()[1]) for one in taken]
    return {f"{a} {p}": attempt(take, a, p) for p in target["ports"] for a in ("127.0.0.1", "::1")}


def twin(target):
    """Whatever it listens on is its own to call."""
    socket.create_connection(("127.0.0.1", target["ports"][0])).close()
    return "works"
