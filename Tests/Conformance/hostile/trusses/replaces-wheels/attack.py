"""Replaces what the installer's cache keeps, whole: wheels, what was unpacked of them, and what points to them."""
import os
import shutil


def run(target):
    changed = []
    for top in {os.environ.get("UV_CACHE_DIR", "/build/cache"), "/build/cache", *target["caches"]}:
        for directory, names, files in os.walk(top, topdown=False):
            for name in files:
                if target["name"] not in name and target["name"] not in directory:
                    continue
                path = os.path.join(directory, name)
                try:
                    os.unlink(path)
                    with open(path, "w") as file:
                        file.write("REPORT = '\"replaced\"'\n")
                    changed.append(path)
                except OSError:
                    continue
            for name in names:
                if target["name"] in name:
                    shutil.rmtree(os.path.join(directory, name), ignore_errors=True)
                    changed.append(os.path.join(directory, name))
    return changed
