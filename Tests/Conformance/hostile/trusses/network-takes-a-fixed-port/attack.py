"""Listens at the port that another model has chosen for its server; it goes on listening."""
import socket

from attempt import attempt

taken = []


def take(address, port):
    one = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    one.bind((address, port))
    one.listen(512)
    one.setblocking(False)
    taken.append(one)
    return "listens"


def run(target):
    if target.get("heard"):
        return [attempt(lambda: one.accept()[1]) for one in taken]
    return {address: attempt(take, address, target["port"]) for address in ("127.0.0.1", "0.0.0.0", "::1")}


def twin(target):
    socket.create_connection(("127.0.0.1", target["port"])).close()
    return "works"
