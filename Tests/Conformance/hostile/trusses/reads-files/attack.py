"""Reads what belongs to the server, to root and to the machine."""
import errno, os


def run(target):
    found = {}
    for path in target["secrets"]:
        try:
            found[path] = os.listdir(path) if os.path.isdir(path) else open(path, "rb").read(64).decode(errors="replace")
        except OSError as error:
            found[path] = errno.errorcode[error.errno]
    return {"found": found, "environment": dict(os.environ), "root": os.listdir("/"), "user": os.getuid()}
