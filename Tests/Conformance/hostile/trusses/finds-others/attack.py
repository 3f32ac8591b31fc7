"""Looks everywhere for what other builds and replicas have."""
import os


def run(target):
    found, skipped = [], {"/proc", "/sys", "/usr", "/dev"}
    for directory, names, files in os.walk("/"):
        names[:] = [name for name in names if os.path.join(directory, name) not in skipped]
        found += [os.path.join(directory, name) for name in names + files if target["word"] in name]
    return found
