"""Connects to Unix sockets without a file, which no view of files hides."""
import socket

from attempt import attempt


def connected(name):
    with socket.socket(socket.AF_UNIX) as one:
        one.connect("\0" + name)
        return "connected"


def run(target):
    with open("/proc/net/unix") as file:
        seen = [line.split()[-1] for line in file if "@" in line]
    return {"connected": attempt(connected, target["name"]), "seen": seen}


def twin(target):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("\0" + target["name"])
        listener.listen()
        return "works" if connected(target["name"]) == "connected" else "does not"
