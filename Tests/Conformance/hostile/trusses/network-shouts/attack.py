"""Sends to everybody at once, which passes rules about single addresses."""
import socket

from attempt import attempt, sent

BROADCAST = (socket.SOL_SOCKET, socket.SO_BROADCAST, 1)


def run(target):
    everybody = ("255.255.255.255", "224.0.0.1", "224.0.0.251", "239.255.255.250", *target["broadcasts"])
    return {address: attempt(sent, address, target["port"], BROADCAST) for address in everybody}


def twin(target):
    return "works" if sent(target["outside"], target["port"], BROADCAST) == "outside" else "does not"
