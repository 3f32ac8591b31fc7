"""Reads who talks to whom on this machine."""
import socket
import struct

from attempt import attempt


def diagnosed():
    """Ports of all TCP sockets, as the kernel tells by netlink."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4) as one:
        one.settimeout(5)
        body = struct.pack("BBBBI", socket.AF_INET, socket.IPPROTO_TCP, 0, 0, 0xFFFFFFFF) + bytes(48)
        one.send(struct.pack("IHHII", 16 + len(body), 20, 0x301, 1, 0) + body)
        ports, isLast = [], False
        while not isLast:
            data = one.recv(1 << 16)
            while data:
                length, kind = struct.unpack_from("IH", data)
                isLast = kind in (2, 3)
                if isLast:
                    break
                ports.append(struct.unpack_from(">H", data, 20)[0])
                data = data[(length + 3) & ~3:]
        return ports


def listed(path):
    with open(path) as file:
        return [int(line.split()[1].rsplit(":", 1)[1], 16) for line in list(file)[1:]]


def run(target):
    places = ("/proc/net/tcp", "/proc/net/tcp6", "/proc/1/net/tcp")
    return {"netlink": attempt(diagnosed), **{path: attempt(listed, path) for path in places}}


def twin(target):
    """It sees its own."""
    with socket.create_server(("127.0.0.1", 0)) as own:
        return "works" if own.getsockname()[1] in listed("/proc/net/tcp") else "does not"
