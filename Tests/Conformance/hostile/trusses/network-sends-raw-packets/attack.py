"""Makes packets of its own, to forge or to read those of others."""
import socket

from attempt import attempt, sent


def made(*arguments):
    socket.socket(*arguments).close()
    return "made"


def run(target):
    return {
        "icmp": attempt(made, socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
        "ip": attempt(made, socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW),
        "ip6": attempt(made, socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW),
        "packets": attempt(made, socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)),
        "frames": attempt(made, socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3)),
    }


def twin(target):
    """Ordinary datagrams are sent and answered."""
    return "works" if sent(target["outside"], target["port"]) == "outside" else "does not"
