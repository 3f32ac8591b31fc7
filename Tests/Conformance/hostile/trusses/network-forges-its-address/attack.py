"""Sends from addresses of others."""
import socket

from attempt import asked, attempt


def transparent():
    with socket.socket() as one:
        one.setsockopt(socket.SOL_IP, 19, 1)
        return "transparent"


def run(target):
    found = {address: attempt(asked, target["outside"], target["port"], None, address) for address in target["others"]}
    return {**found, "transparent": attempt(transparent)}


def twin(target):
    """It may choose which of its own addresses it sends from."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.connect((target["outside"], target["port"]))
        own = one.getsockname()[0]
    return "works" if "outside" in asked(target["outside"], target["port"], None, own) else "does not"
