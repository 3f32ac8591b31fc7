"""Prints without end, to fill the disk of the server or to hold it up."""
import os


def run(target):
    line = b"flood " * 100 + b"\n"
    for _ in range(target["MiB"] << 20 >> 16):
        os.write(1, line * ((1 << 16) // len(line)))
    # One line that never ends.
    for _ in range(64):
        os.write(1, b"y" * (1 << 16))
    os.write(1, b"\n")
    return "printed"


def twin(target):
    os.write(1, target["word"].encode() + b"\n")
    return "works"
