"""What attacks have in common; it is pushed beside them."""

import ctypes
import errno
import os
import socket

libc = ctypes.CDLL(None, use_errno=True)


def attempt(function, *arguments):
    """What it returns, or the name of the error that it meets."""
    try:
        return function(*arguments)
    except OSError as error:
        return errno.errorcode.get(error.errno, type(error).__name__)


def called(name, *arguments):
    """The same of a function of the C library: None when it succeeds."""
    ctypes.set_errno(0)
    return errno.errorcode.get(ctypes.get_errno(), "unknown") if getattr(libc, name)(*arguments) < 0 else None


def asked(address, port, device=None, source=None):
    """What a server says to a short question."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as one:
        one.settimeout(5)
        if device:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
        if source:
            # IP_FREEBIND: any address may be bound, whoever has it.
            one.setsockopt(socket.SOL_IP, 15, 1)
            one.bind((source, 0))
        one.connect((address, port))
        one.sendall(b"GET / HTTP/1.0\r\n\r\n")
        answer = b""
        while len(answer) < 4096 and (part := one.recv(4096)):
            answer += part
        return answer.decode(errors="replace")


def sent(address, port, *options):
    """What comes back for a datagram."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as one:
        for level, option, value in options:
            one.setsockopt(level, option, value)
        one.settimeout(1)
        one.sendto(b"datagram", (address, port))
        return one.recv(100).decode()


def written(path, text):
    # Not made: where the kernel has no such file there is nothing to change.
    with open(path, "r+") as file:
        return file.write(text)


def held(path):
    with open(path, "rb") as file:
        return file.read(4096).decode(errors="replace")


def opened(path, flags=os.O_RDONLY):
    os.close(os.open(path, flags))
    return "opened"
