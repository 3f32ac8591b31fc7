"""Tries to lift what holds it in its network: interfaces, routes and rules."""

import ctypes
import errno
import os
import socket
import struct
import subprocess

libc = ctypes.CDLL(None, use_errno=True)


def netlink(family, message):
    """What the kernel says to one message of netlink."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, family) as one:
        one.bind((0, 0))
        one.send(message)
        one.settimeout(5)
        answer = one.recv(8192)
    number = struct.unpack_from("i", answer, 16)[0]
    return errno.errorcode.get(-number, "done")


class Model:
    def predict(self, model_input):
        told = {}
        # Take the interface down (RTM_NEWLINK) and give it an address (RTM_NEWADDR).
        for name, kind, body in (("link", 16, struct.pack("BxHiII", 0, 0, 2, 0, 1)), ("address", 20, struct.pack("BBBBi", 2, 24, 0, 0, 2))):
            told[name] = netlink(0, struct.pack("IHHII", 16 + len(body), kind, 5, 1, 0) + body)
        # Add a table to nftables, between the begin and the end of a batch.
        def part(kind, flags, body=b""):
            return struct.pack("IHHII", 20 + len(body), kind, flags, 1, 0) + struct.pack("BBH", 0, 0, socket.htons(10)) + body
        name = struct.pack("HH", 9, 1) + b"mine\0" + b"\0" * 3
        told["rules"] = netlink(12, part(16, 1) + part(10 << 8, 5, name) + part(17, 1))
        for kind, number in (("raw", socket.SOCK_RAW), ("packet", None)):
            try:
                socket.socket(socket.AF_INET, number, 1) if number else socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
                told[kind] = "done"
            except OSError as error:
                told[kind] = errno.errorcode[error.errno]
        try:
            socket.socket().bind(("127.0.0.1", 80))
            told["port 80"] = "done"
        except OSError as error:
            told["port 80"] = errno.errorcode[error.errno]
        for path in ("/proc/sys/net/ipv4/ip_forward", "/proc/sys/net/ipv4/ip_unprivileged_port_start"):
            try:
                with open(path, "w") as file:
                    file.write("1")
                told[path] = "done"
            except OSError as error:
                told[path] = errno.errorcode[error.errno]
        for program in ("/usr/sbin/nft", "/usr/sbin/iptables"):
            if os.path.exists(program):
                told[program] = subprocess.run([program, "flush", "ruleset"], capture_output=True).returncode
        return told
