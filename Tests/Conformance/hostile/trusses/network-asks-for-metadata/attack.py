"""Asks the metadata services of clouds for the machine's identity."""
from attempt import asked, attempt, sent


def run(target):
    found = {}
    for address in ("169.254.169.254", "169.254.170.2", "169.254.0.1", "::ffff:169.254.169.254", "fd00:ec2::254"):
        found[address] = attempt(asked, address, target["port"])
        found[address + " by its interface"] = attempt(asked, address, target["port"], "eth0")
    found["datagram"] = attempt(sent, "169.254.169.254", target["port"])
    return found


def twin(target):
    """An address beside it is reached."""
    return "works" if "outside" in asked(target["outside"], target["port"]) else "does not"
