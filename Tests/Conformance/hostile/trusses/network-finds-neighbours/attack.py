"""Looks for neighbours by IPv6, whose link-local addresses need no configuration."""
import socket

from attempt import attempt


def send(address, interface):
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as one:
        one.settimeout(1)
        index = socket.if_nametoindex(interface)
        one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
        one.sendto(b"who is there", (address, 5353, 0, index))
        return one.recv(100).decode(errors="replace")


def run(target):
    with open("/proc/net/if_inet6") as file:
        own = [line.split()[-1] for line in file if line.split()[-1] != "lo"]
    found = {address: attempt(send, address, "eth0") for address in ("ff02::1", "ff02::2", "ff02::fb", *target["neighbours"])}
    return {"own": own, "found": found}


def twin(target):
    """IPv6 serves its own loopback."""
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as own:
        socket.create_connection(own.getsockname()[:2]).close()
    return "works"
