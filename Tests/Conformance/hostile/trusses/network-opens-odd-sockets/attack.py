"""Opens kinds of sockets that no network namespace divides: the hypervisor's, the kernel's ciphers, other hardware."""
import socket

from attempt import attempt

FAMILIES = {"x25": 9, "key": 15, "packet": 17, "atm": 8, "rds": 21, "can": 29, "tipc": 30, "bluetooth": 31, "alg": 38,
            "nfc": 39, "vsock": 40, "kcm": 41, "qipcrtr": 42, "smc": 43, "xdp": 44, "mctp": 45}


def made(family):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
        error = attempt(lambda: socket.socket(family, kind).close())
        if error is None:
            return "made"
    return error


def run(target):
    return {name: made(family) for name, family in FAMILIES.items()}


def twin(target):
    for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX):
        socket.socket(family).close()
    left, right = socket.socketpair()
    left.close(), right.close()
    return "works"
