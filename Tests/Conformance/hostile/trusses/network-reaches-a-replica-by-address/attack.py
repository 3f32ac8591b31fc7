"""Calls another replica, and the machine's end of its own wire, by their addresses."""
from attempt import asked, attempt, sent


def run(target):
    found = {}
    for address in target["addresses"]:
        for port in target["ports"]:
            for device in (None, "eth0"):
                found[f"{address} {port} {device}"] = attempt(asked, address, port, device)
            found[f"{address} {port} datagram"] = attempt(sent, address, port)
    return found


def twin(target):
    return "works" if "outside" in asked(target["outside"], target["port"]) else "does not"
