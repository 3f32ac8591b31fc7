"""Calls this machine by the addresses that others reach it at."""
from attempt import asked, attempt, sent


def run(target):
    found = {}
    for address in target["addresses"]:
        for device in (None, "eth0"):
            found[f"{address} {device}"] = attempt(asked, address, target["port"], device)
        found[f"{address} datagram"] = attempt(sent, address, target["port"])
    return found


def twin(target):
    """What is outside is reached."""
    return "works" if "outside" in asked(target["outside"], target["port"]) else "does not"
