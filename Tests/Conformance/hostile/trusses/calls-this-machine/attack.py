"""Calls what this machine has for itself: the management API, servers of replicas, whatever listens on its loopback."""
import errno
import socket
import urllib.error
import urllib.request


def call(address, port, key):
    """The status of an answer to a call of the management API, or why there is none."""
    host = f"[{address}]" if ":" in address else address
    request = urllib.request.Request(f"http://{host}:{port}/v1/models", headers={"Authorization": f"Api-Key {key}"})
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except urllib.error.URLError as error:
        return errno.errorcode.get(getattr(error.reason, "errno", None), type(error.reason).__name__)
    except OSError as error:
        return errno.errorcode.get(error.errno, type(error).__name__)


def abstract(name):
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.connect("\0" + name)
        return "connected"
    except OSError as error:
        return errno.errorcode[error.errno]


def run(target):
    found = {f"{address} {port}": call(address, port, target["key"]) for address in target["addresses"] for port in target["ports"]}
    return {"calls": found, "abstract": abstract(target["name"]), "interfaces": [name for _, name in socket.if_nameindex()],
            "index": call(*target["index"], "") if target.get("index") else None}
