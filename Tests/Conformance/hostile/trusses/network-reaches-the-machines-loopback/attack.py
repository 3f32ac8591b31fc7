"""Looks for what listens on this machine's loopback alone: databases, admin pages, other servers."""
import socket

from attempt import asked, attempt


def run(target):
    found = {}
    for address in ("127.0.0.1", "::1", "0.0.0.0", "::", "::ffff:127.0.0.1", "127.0.0.53", "10.0.2.2"):
        for device in (None, "eth0"):
            found[f"{address} {device}"] = attempt(asked, address, target["port"], device)
    return found


def twin(target):
    """It may listen at the same port itself."""
    with socket.create_server(("127.0.0.1", target["port"])) as own:
        socket.create_connection(own.getsockname()).close()
    return "works"
